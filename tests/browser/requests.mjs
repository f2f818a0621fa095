// What a page asked for and complained about, as the browser itself tells it. Nothing may leave the site's folder.

/**
 * Watches a page from before its first navigation.
 * @param {import("puppeteer-core").Page} page
 */
export function watch(page) {
  const seen = { requests: [], complaints: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("requestfailed", (request) => seen.complaints.push(`request failed: ${request.url()} ${request.failure()?.errorText ?? ""}`));
  page.on("console", (message) => {
    if (["error", "warn", "warning"].includes(message.type())) seen.complaints.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => seen.complaints.push(`page error: ${error.message}`));
  return seen;
}

/**
 * The requests that went anywhere but into the site's folder. data: and blob: stay inside the page.
 * @param {{requests: string[]}} seen
 * @param {string} base URL of the folder
 */
export function strangers({ requests }, base) {
  return requests.filter((url) => !url.startsWith(base) && !/^(?:data|blob):/.test(url));
}
