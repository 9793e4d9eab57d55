"""uv must look where pip is configured to look."""

from setup.sources import environment_settings, parse_pip_config, uv_environment, uv_options

LISTED = [
    "global.extra-index-url='https://a.example/simple https://b.example/simple'",
    "global.find-links='/wheels'",
    ":env:.find-links='/other'",
    "install.trusted-host='a.example'",
    "global.cert='/etc/ca.pem'",
]


def test_the_environment_overrides_files_as_it_does_in_pip() -> None:
    assert parse_pip_config(LISTED)["find-links"] == "/other"


def test_every_source_becomes_an_option_of_uv() -> None:
    assert uv_options(parse_pip_config(LISTED), {}) == [
        *("--index", "https://a.example/simple", "--index", "https://b.example/simple"),
        *("--index-strategy", "unsafe-best-match"),
        *("--find-links", "/other"),
        *("--allow-insecure-host", "a.example"),
    ]


def test_a_mirror_replaces_the_default_index_unless_uv_has_its_own() -> None:
    mirror = {"index-url": "https://mirror.example/simple"}
    assert uv_options(mirror, {}) == ["--default-index", "https://mirror.example/simple"]
    assert uv_options(mirror, {"UV_DEFAULT_INDEX": "https://own.example"}) == []


def test_no_index_is_passed_on() -> None:
    assert uv_options({"no-index": "true", "find-links": "/w"}, {}) == ["--no-index", "--find-links", "/w"]


def test_without_pip_its_variables_are_read() -> None:
    assert environment_settings({"PIP_FIND_LINKS": "/w", "HOME": "/h"}) == {"find-links": "/w"}


def test_uv_trusts_the_certificate_that_pip_trusts_unless_told_otherwise() -> None:
    assert uv_environment({"cert": "/etc/ca.pem"}, {}) == {"SSL_CERT_FILE": "/etc/ca.pem"}
    assert uv_environment({"cert": "/etc/ca.pem"}, {"SSL_CERT_FILE": "/mine"}) == {}
