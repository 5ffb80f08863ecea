import re
import runpy
from pathlib import Path

from bench.page import PAGE, page

ROOT = Path(__file__).parent.parent.parent


def test_configuration_and_the_readmes_table_are_what_the_settings_say() -> None:
    generator = runpy.run_path(str(ROOT / "docs" / "generate_configuration.py"))
    assert (ROOT / "docs" / "configuration.md").read_text() == generator["configuration"](), "run `make docs`"
    assert (ROOT / "README.md").read_text() == generator["readme"](), "run `make docs`"


def test_the_tables_of_modules_are_what_the_code_says() -> None:
    generator = runpy.run_path(str(ROOT / "docs" / "generate_modules.py"))
    assert (ROOT / "docs" / "architecture.md").read_text() == generator["page"](), "run `make docs`"


def test_the_page_of_benchmarks_is_what_the_results_say() -> None:
    assert PAGE.read_text() == page(), "run `make bench ARGS=page`"


def test_every_relative_link_of_the_documents_leads_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name} links to {target}"
