"""What runs in the emulator's own process: MiniStack, and what docs/evidence/emulator.md says is added to it."""
