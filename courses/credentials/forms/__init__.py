"""Forms of credentials, a module for each group of pages."""
