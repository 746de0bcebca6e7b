"""What was asked and what was found, in words, figures and pictures that people read."""
