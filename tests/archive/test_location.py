"""Where an archive lies, and that no password of a URL is ever repeated."""

import json
import traceback
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from heuresis.archive import database
from heuresis.archive.location import place_of
from heuresis.archive.masking import Words, shown, without_logins
from heuresis.archive.records import ArchiveError
from heuresis.archive.store import Archive

SECRET = "hunter2-Ünd"
LOGINS = (
    "postgresql://user:{}@host/db",
    "postgresql://user:{}@host:5432/db?sslmode=require",
    "postgresql+psycopg://user:{}@/db?host=/var/run",
    "postgresql+asyncpg://u:{}@[::1]:5432/db",
    "mysql://user:{}@host/db",
    "mysql+pymysql://user:{}@host/db?charset=utf8mb4",
    "mariadb+mariadbconnector://user:{}@host/db",
    "oracle+oracledb://user:{}@host:1521/?service_name=x",
    "mssql+pyodbc://user:{}@host/db?driver=ODBC+Driver+18",
    "cockroachdb://:{}@host/db",
    "postgresql://user:{}@host:port/db",
    "postgresql://user:{}@host1,host2/db",
    "postgresql://host/db?user=u&password={}",
    "postgresql://host/db?PASSWORD={}",
    "postgresql://host/db?user=u&passwd={}&x=1",
    "mysql://host/db?passwd={}",
    "mysql://host/db?ssl_key_password={}",
    "postgresql://host/db?sslpassword={}",
    "postgresql://user:other@host/db?password={}",
    "mssql+pyodbc:///?pwd={}",
    "snowflake://user@account/db?token={}",
    "nosuchdb://user:{}@host/db",
    "sqlite://user:{}@host/db",
    "postgres ql://user:{}@host/db",
    "://user:{}@host/db",
    "postgresql://user:a@{}@host/db",
    "postgresql://user:a:{}@host/db",
    "postgresql://user:a/{}@host/db",
    "postgresql://user:{}",
    "postgresql://user:{}@",
    "postgresql://user:{}@[::1/db",
    "postgresql://host:{}/db",
    "postgresql://us er:{}@host:port/db",
    "postgresql://us/er:{}@host/db",
    "postgresql://us#er:{}@host/db",
    "postgresql://us?er:{}@host/db",
    "postgresql://user:\n{}@host/db",
    "oracle://user/{}@host/db",
    "mysql://user:{}@host/db?x=1@2",
    "jdbc:postgresql://host/db?user=u&password={}",
    "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BUID%3Du%3BPWD%3D{}",
    "mssql+pyodbc://?odbc_connect=DRIVER=x;UID=u;PWD={}",
    "postgresql://host/db?options=-cpassword%3D{}",
    "postgresql://host/db?passcode={}",
    "postgresql://host/db?pass%77ord={}",
    "postgresql://host/db?password=%20{}",
    "snowflake://host/db?private_key_passphrase={}",
    "bigquery://host?credentials_base64={}",
    "sqlite+pysqlcipher://:{}@/foo.db?cipher=aes",
)

MANGLED = (
    "postgresql:user:{}@host/db",
    "postgresql:/user:{}@host/db",
    "user:{}@host/db",
    "host=localhost user=u password={} dbname=x",
    "host=localhost password = '{}'",
    "sqlite:////x/a.db?password={}",
    "SQLITE:///a.db?key={}",
)
"""What is taken for a path and was meant otherwise."""


def spellings(secret: str) -> list[str]:
    """A password as messages may have it."""
    from urllib.parse import quote, quote_plus

    return [secret, quote(secret), quote_plus(secret), repr(secret), json.dumps(secret).strip('"')]


def repeated(text: str, secret: str = SECRET) -> bool:
    """Whether a text repeats a password."""
    return any(spelling in text for spelling in spellings(secret))


@pytest.mark.parametrize("pattern", LOGINS)
@pytest.mark.parametrize("secret", [SECRET, "p%40ss%3A%2F", "plus+and space"])
def test_no_password_is_shown(pattern: str, secret: str) -> None:
    url = pattern.format(secret)
    assert not repeated(shown(url), secret)
    if pattern.startswith(("sqlite://", "sqlite+")):
        with pytest.raises(ArchiveError, match=r"sqlite:///FILE") as caught:
            place_of(url)
        assert not repeated(str(caught.value), secret)
        return
    place = place_of(url)
    assert not repeated(place.where, secret)
    assert not repeated(place.without_secrets(f"cannot connect to {url} with {secret}"), secret)


@pytest.mark.parametrize("pattern", LOGINS)
def test_no_driver_repeats_a_password(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of a server whose driver tells the whole URL, as some do."""
    url = pattern.format(SECRET)

    def engine(given: str):
        def connect() -> None:
            raise OperationalError("connect", {}, Exception(f"login failed: {given} (password {SECRET})"))

        return create_engine("sqlite://", creator=connect)

    monkeypatch.setattr(database, "create_engine", engine)
    with pytest.raises(ArchiveError) as caught:
        Archive.open(url)
    assert not repeated(str(caught.value))
    assert not repeated("".join(traceback.format_exception(caught.value)))
    assert "archive " in str(caught.value)


@pytest.mark.parametrize("pattern", LOGINS)
def test_no_error_of_sqlalchemy_repeats_a_password(pattern: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        Archive.open(pattern.format(SECRET))
    assert not repeated("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://user:abc@host/db", "postgresql://host/db"),
        ("postgresql://user@host:5432/db", "postgresql://host/db"),
        ("postgresql://host/db?password=abc&x=1", "postgresql://host/db"),
        ("postgresql+psycopg://[::1]/db", "postgresql+psycopg://[::1]/db"),
        ("postgresql://user:abc", "postgresql://***"),
        ("jdbc:postgresql://host/db", "***"),
        ("user:abc@host/db", "***@host/db"),
        (r"C:\me@work\a.db", r"C:\me@work\a.db"),
        ("odd name ?#%20.db", "odd name ?#%20.db"),
        ("sqlite:///some/file.db", "sqlite:///some/file.db"),
        ("/some/file.db", "/some/file.db"),
    ],
)
def test_what_is_no_password_is_shown(url: str, expected: str) -> None:
    assert shown(url) == expected


@pytest.mark.parametrize("pattern", [*LOGINS, *MANGLED])
def test_no_message_repeats_a_password_that_was_given(pattern: str) -> None:
    url = pattern.format(SECRET)
    for word in (url, f"--archive={url}"):
        words = Words(["runs", word])
        for text in (f"no such option: {word}", f"no such command {word!r}", f"int: {SECRET!r}"):
            assert not repeated(words.hide(text))


def test_what_is_no_login_is_said_as_it_is() -> None:
    words = Words(["top", "smtt", "--archive", "/x/a.db", "http://localhost:8000/v1", "def f(p):\n    return p"])
    for text in ("no archive at /x/a.db", "http://localhost:8000/v1 says no", "a@b: def f(p):\n    return p"):
        assert words.hide(text) == text


@pytest.mark.parametrize("pattern", MANGLED)
def test_no_mangled_url_is_shown(pattern: str) -> None:
    url = pattern.format(SECRET)
    assert not repeated(shown(url))
    assert not repeated(place_of(url).where)
    with pytest.raises(ArchiveError) as caught:
        Archive.open(url, reading=True)
    assert not repeated("".join(traceback.format_exception(caught.value)))


def test_a_url_in_any_text_is_shown_without_its_login() -> None:
    assert without_logins("of amqp://me:hunter2@host/x: no") == "of amqp://***@host/x: no"
    assert without_logins("see https://host/a:b and me@host") == "see https://host/a:b and me@host"


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("a.db", Path("a.db")),
        ("sqlite:///a.db", Path("a.db")),
        ("sqlite:////x/a.db", Path("/x/a.db")),
        ("sqlite+pysqlite:///a.db", Path("a.db")),
        ("sqlite://", Path(":memory:")),
        (":memory:", Path(":memory:")),
        ("postgresql://host/db", None),
    ],
)
def test_a_place_is_a_file_or_a_server(url: str, file: Path | None) -> None:
    assert place_of(url).file == file
