"""Where entries are kept; none of these knows another, each is imported when it is used."""
