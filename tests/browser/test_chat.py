"""Asking the assistant with the keyboard, in a browser, on a machine without Ollama."""

import re

from playwright.sync_api import expect


def test_a_question_is_asked_without_a_reload_and_what_is_typed_stays(open_browser, stack):
    page = open_browser()
    page.goto(f"{stack.url}/assistant/")
    expect(page.locator("#models")).to_contain_text("ollama serve")
    page.get_by_label("Your question").fill("Which is slowest?")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/assistant/[0-9]+/"))
    answers = page.locator(".turn-assistant")
    expect(answers).to_have_attribute("data-state", "failed")
    expect(answers).to_contain_text("ollama serve")
    expect(answers.get_by_role("link", name="Insights")).to_be_visible()
    expect(page.locator("#sent")).to_contain_text("Rules and facts")

    page.evaluate("window.notReloaded = true")
    field = page.get_by_label("Your question")
    field.fill("And the fastest?\nOf all.")
    page.keyboard.press("Enter")
    expect(answers).to_have_count(2)
    expect(field).to_have_value("")
    field.press_sequentially("Next")
    expect(answers.last).to_have_attribute("data-state", "failed")
    expect(field).to_have_value("Next")
    assert page.evaluate("window.notReloaded") is True


def test_the_last_question_is_edited_with_the_keyboard_on_a_phone(open_browser, stack):
    page = open_browser(viewport={"width": 390, "height": 844})
    page.goto(f"{stack.url}/assistant/")
    page.locator("[data-suggestion]").first.click()
    expect(page.locator(".turn-assistant")).to_have_attribute("data-state", "failed")
    page.get_by_label("Your question").focus()
    page.keyboard.press("ArrowUp")
    edited = page.get_by_label("The question", exact=True)
    expect(edited).to_be_focused()
    edited.fill("Why is Oslo slow?")
    page.keyboard.press("Enter")
    expect(page.locator(".turn-user")).to_contain_text("Why is Oslo slow?")
    expect(page.locator(".turn-user")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
