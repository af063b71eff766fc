"""Who may read: people with a token of the OIDC issuer, each the calls of one organization."""
