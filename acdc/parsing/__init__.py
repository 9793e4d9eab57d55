"""From text to checked values: YAML, JSON as models write it, and names near a typo.

Promises: an error names file and place. No room of the project is imported here but `acdc.errors`.
Door: yaml.py (`read_yaml`, `read_settings_file`), lenient_json.py, validation.py (`validate`, `nearest`, `merged`).
"""

__all__ = ["lenient_json", "validation", "yaml"]
