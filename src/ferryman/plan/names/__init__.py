"""Names: how a team spells them, what Customer.io reserves, which is meant, what Python says."""
