"""Who an agency is over the years, and which of its reports are held."""
