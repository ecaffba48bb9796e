"""Where an archive lies, and that no password of a URL is ever repeated."""

import json
import traceback
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from heuresis.archive import database
from heuresis.archive.location import place_of, shown
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
)


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
    if pattern.startswith("sqlite://"):
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
        ("postgresql://user:abc@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user@host/db", "postgresql://user@host/db"),
        ("postgresql://host/db?password=abc&x=1", "postgresql://host/db?password=***&x=1"),
        ("sqlite:///some/file.db", "sqlite:///some/file.db"),
        ("/some/file.db", "/some/file.db"),
    ],
)
def test_what_is_no_password_is_shown(url: str, expected: str) -> None:
    assert shown(url) == expected


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
