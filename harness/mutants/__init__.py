"""`make mutants`: breaks the C code, one small thing at a time, and sees whether a test goes red."""
