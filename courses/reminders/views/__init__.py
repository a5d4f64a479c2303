"""What a person sees and chooses of reminders: preferences, history, inbox, and the link that stops a kind."""
