# SPDX-License-Identifier: Apache-2.0
"""What matters of WCAG 2.2 AA, checked in the browser: names as Chromium's accessibility tree has
them, contrast as computed, the keyboard as it is pressed. Each finding is "rule: what"."""
import os

from browser import Keys

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "accessibility.js"), encoding="utf-8") as script:
    SCRIPT = script.read()

CONTROLS = {"button", "link", "textbox", "searchbox", "combobox", "slider", "checkbox", "tab",
            "menuitem", "option", "listbox", "spinbutton", "DisclosureTriangle", "region",
            "navigation", "dialog", "table", "image", "img"}


def names(browser):
    """Every control, region, table and picture has a name."""
    findings = []
    for node in browser.cdp("Accessibility.getFullAXTree")["nodes"]:
        role = node.get("role", {}).get("value", "")
        if node.get("ignored") or role not in CONTROLS:
            continue
        if not node.get("name", {}).get("value", "").strip():
            findings.append(f"name: {role} {node.get('backendDOMNodeId')} has none")
    return findings


# What has the focus is looked at when the next Tab comes: one call for all of them.
RECORD = """
const look = (node) => {
  const style = getComputedStyle(node);
  const before = window.stops.length ? window.beforeNode : null;
  window.beforeNode = node;
  const isAfter = !before || before === node || !before.isConnected ||
    (before.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
  const box = node.getBoundingClientRect();
  return {what: `${node.tagName.toLowerCase()}#${node.id} ${(node.textContent || '').trim().slice(0, 30)}`,
          isSeen: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) ||
                  style.boxShadow !== 'none',
          isShown: box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight,
          isAfter};
};
window.stops = [];
let state = 'begins';
document.addEventListener('keydown', () => {
  const node = document.activeElement;
  if (state === 'goes' && node && node !== document.body) window.stops.push(look(node));
  else state = state === 'begins' ? 'goes' : 'ended';
}, true);
"""


def keyboard(browser, presses=45):
    """Tab goes in the order of the document, and each stop can be seen."""
    findings = []
    browser.js("document.activeElement.blur(); window.scrollTo(0, 0);"
               "getSelection().removeAllRanges(); document.body.tabIndex = -1; document.body.focus();"
               "document.body.removeAttribute('tabindex')")
    browser.js(RECORD)
    browser.keys(Keys.TAB * (presses + 1))
    stops = browser.js("return window.stops")
    for stop in stops:
        if not stop["isSeen"]:
            findings.append(f"focus: cannot be seen on {stop['what']}")
        if not stop["isShown"]:
            findings.append(f"focus: out of sight on {stop['what']}")
        if not stop["isAfter"]:
            findings.append(f"order: goes back to {stop['what']}")
    if not stops:
        findings.append("focus: nothing can be reached")
    return findings


def check(browser, presses=45):
    return browser.js(SCRIPT) + names(browser) + keyboard(browser, presses)
