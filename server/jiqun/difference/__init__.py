"""What two releases say differently."""
