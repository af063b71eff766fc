"""The dashboard of `template.yaml`, read and drawn."""
