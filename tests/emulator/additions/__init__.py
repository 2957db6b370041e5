"""The code in the emulator's own process: MiniStack, and the additions of docs/evidence/emulator.md."""
