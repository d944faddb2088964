"""Reference models written from the notes alone; they share no code with the emulator or with sevkit."""
