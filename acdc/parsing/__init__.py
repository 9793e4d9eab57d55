"""From text to checked values: YAML, sections of settings, JSON as models write it, and names near a typo.

Promises: an error names file and place. No room of the project is imported here but `acdc.errors`.
Door: yaml.py (`read_yaml`, `read_yaml_file`, `write_yaml`), section.py (`Section`), lenient_json.py, validation.py
(`validate`, `nearest`, `merged`).
"""

__all__ = ["lenient_json", "section", "validation", "yaml"]
