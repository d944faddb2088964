"""Other people's attestation clients, unmodified, under psp-run and in guests."""
