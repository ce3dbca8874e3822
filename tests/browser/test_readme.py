"""The README is executed: its walk-through, its settings table, its links."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, Request, expect

from server import settings
from tests.started import running

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PORT = 18089
BLOCK = re.compile(
    r"<!-- (?P<what>walk|browser: \w+) -->\n```sh\n(?P<script>.*?)```"
    r"(?:\n\n```json\n(?P<answer>.*?)```)?",
    re.DOTALL,
)
ANYTHING = "…"
END = "the-block-has-ended"
NOBODY = "http://localhost:9999/"
"""Where the redirect ends and nothing listens."""


@pytest.fixture
async def data(tmp_path: Path) -> AsyncIterator[Path]:
    """A folder to work in, beside a server that was started as the README says."""
    async with running(tmp_path / "data", PORT):
        yield tmp_path


class Shell:
    """One bash for all blocks, so that variables last as they do for a reader."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def at(cls, folder: Path) -> AsyncIterator["Shell"]:
        process = await asyncio.create_subprocess_exec(
            "bash",
            cwd=folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        yield cls(process)
        await process.communicate(b"exit\n")

    async def run(self, script: str) -> str:
        """Return what the block printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{script}\necho; echo {END}\n".encode())
        printed = await self._process.stdout.readuntil(f"{END}\n".encode())
        return printed.decode().removesuffix(f"{END}\n").strip()


async def sign_in(chromium: Browser, url: str) -> str:
    """Do what the README says to do in the browser; return where it ends."""
    page = await chromium.new_page()
    ends: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def note(request: Request) -> None:
        if request.url.startswith(NOBODY) and not ends.done():
            ends.set_result(request.url)

    page.on("request", note)
    await page.goto(url)
    await page.fill("[name=username]", "alice")
    await page.fill("[name=password]", "alice-password-1")
    await page.click("#login-submit")
    await page.click("#consent-allow", no_wait_after=True)
    end = await asyncio.wait_for(ends, 30)
    await page.close()
    return end


async def let_in(chromium: Browser, url: str) -> None:
    """Do what the README says to do for the device."""
    page = await chromium.new_page()
    await page.goto(url)
    await page.click("#device-continue")
    await page.fill("[name=username]", "alice")
    await page.fill("[name=password]", "alice-password-1")
    await page.click("#login-submit")
    await page.click("#device-allow")
    await expect(page.locator("#device-done")).to_be_visible()
    await page.close()


async def test_the_walk_through_answers_as_written(
    data: Path, chromium: Browser
) -> None:
    """Every block runs, in order, in one shell; every answer looks as shown."""
    compared = 0
    async with Shell.at(data) as shell:
        printed = ""
        for block in BLOCK.finditer(
            README.replace("localhost:8080", f"localhost:{PORT}")
        ):
            if block["what"] == "walk":
                printed = await shell.run(block["script"])
            elif block["what"] == "browser: device":
                await let_in(chromium, await shell.run(block["script"]))
            else:
                url = await sign_in(chromium, printed)
                code = parse_qs(urlsplit(url).query)["code"][0]
                await shell.run(f"{block['what'].removeprefix('browser: ')}={code}")
            if block["answer"]:
                expected = json.loads(block["answer"])
                assert looks_like(json.loads(printed.splitlines()[-1]), expected), (
                    printed
                )
                compared += 1

    assert compared == README.count("```json")


def looks_like(answer: dict[str, Any], shown: dict[str, Any]) -> bool:
    """Whether the answer has every member shown, with the value that is shown."""
    return all(
        name in answer and (value == ANYTHING or answer[name] == value)
        for name, value in shown.items()
    )


def test_the_settings_table_is_the_settings() -> None:
    """A setting without a row, or a row that says something else, fails."""
    rows = re.findall(
        r"^\| `(GRANTLOG_\w+)` \| (.*?) \| (.*?) \|$", README, re.MULTILINE
    )

    told = [(one.variable, one.default, one.meaning) for one in settings.describe()]
    assert [
        (name, default.strip("`"), meaning) for name, default, meaning in rows
    ] == told


def test_every_link_into_the_repository_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
