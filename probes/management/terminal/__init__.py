"""What people read when they probe from a terminal."""
