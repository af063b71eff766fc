"""The authorizer: people with a token of the OIDC issuer may read, each the calls of one organization."""
