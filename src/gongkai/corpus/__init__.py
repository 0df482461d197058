"""Files → reports, sentences, statistics, checks, problems."""
