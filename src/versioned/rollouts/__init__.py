"""Stepwise canaries without a controller, as rules over aliases."""
