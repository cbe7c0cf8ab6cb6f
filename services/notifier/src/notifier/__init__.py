"""The mail ledger: each notice rendered once, sent once, and accounted for."""
