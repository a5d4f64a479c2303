"""What a person sees and chooses: preferences, history, inbox, and the link that stops a kind."""
