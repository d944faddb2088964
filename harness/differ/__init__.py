"""The C parsers and the independent reference (harness/reference), given the same mutated inputs.

    PYTHONPATH=harness python -m differ --program build/bin/vector-differ [--inputs N] [--seed N]

vector-differ (differ.c) writes one line for each input: what it made of it. The reference predicts the line.
An input is a frame: u8 kind, u32 length (little-endian), bytes.

    report       a report: the stage that refuses it, or every field
    certtable    a certificate table: the reason of the refusal, or every entry
    extension    a certificate, DER or PEM: refused; or kind, line, validity, and a leaf's AMD extensions
    message      a request page to a running guest's firmware: mailbox status, counters, response

run.py makes inputs in chunks. A chunk is a function of the seed and its number, with a program of its own,
so that neither the number of workers nor an earlier chunk changes it. Messages are predicted from the
counters that the messages before them leave: after a disagreement about a machine's counters its later
messages of the chunk are left out, and said to be.
"""
