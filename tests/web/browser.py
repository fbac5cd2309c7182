# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that a test drives. Exit code 77 where Debian's packages are not installed."""
import base64
import json
import sys
import time

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    print("bỏ qua: cần gói python3-selenium, chromium, chromium-driver")
    sys.exit(77)

__all__ = ["Browser", "Keys"]


class Browser:
    def __init__(self, width=1366, height=768, zone=None):
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu",
                         "--disable-dev-shm-usage", f"--window-size={width},{height}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        try:
            self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        except Exception as error:  # pylint: disable=broad-except
            print(f"bỏ qua: không mở được Chromium: {str(error).splitlines()[0]}")
            sys.exit(77)
        self.size(width, height)
        if zone:
            self.cdp("Emulation.setTimezoneOverride", timezoneId=zone)

    def close(self):
        self.driver.quit()

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def size(self, width, height, mobile=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=mobile)

    def prefer(self, scheme):
        self.cdp("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": scheme}])

    def js(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def open(self, address):
        """Opens an address and waits until it is drawn."""
        self.driver.get("about:blank")
        self.driver.get(address)
        self.settled()

    def go(self, hash_):
        self.js("location.hash = arguments[0]", hash_)
        time.sleep(0.05)
        self.settled()

    def settled(self, seconds=60):
        self.wait(lambda: self.js(
            "const m = document.getElementById('main');"
            "return m && m.getAttribute('aria-busy') === 'false'"), seconds, "trang chưa vẽ xong")

    @staticmethod
    def wait(condition, seconds=40, what="điều chờ không đến"):
        """Returns what the condition says as soon as it says something."""
        end = time.monotonic() + seconds
        while True:
            said = condition()
            if said:
                return said
            if time.monotonic() > end:
                raise AssertionError(what)
            time.sleep(0.02)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector="main"):
        return self.js("const n = document.querySelector(arguments[0]);"
                       "return n ? n.innerText : ''", selector)

    def keys(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def hold(self, selector, seconds):
        """A slow click."""
        ActionChains(self.driver).click_and_hold(self.one(selector)).pause(seconds).release().perform()

    def rows(self, selector="main table"):
        """The cells of a table's body, as text."""
        return self.js("return [...document.querySelectorAll(arguments[0] + ' tbody tr')]"
                       ".map((row) => [...row.cells].map((cell) => cell.innerText.trim()))", selector)

    def pdf(self):
        return base64.b64decode(self.cdp("Page.printToPDF", printBackground=True,
                                         preferCSSPageSize=True)["data"])

    def requests(self):
        """The addresses that were asked for since the last call."""
        urls = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
        return urls

    def errors(self):
        """What the console complains about, what the page is refused by its CSP among it."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE"]
