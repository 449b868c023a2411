"""What plays the blocks of a round."""
