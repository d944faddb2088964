"""Bounded proofs of the RMP's instructions: the tool that makes them, the harnesses, their runner."""
