// Files the page gives to its reader: a link to a Blob, which works from file:// as it does over http.

export function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // Later, since a browser may read the Blob after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A name that every file system takes: "Digits - Model Map.svg". */
export function fileName(study: string, what: string, ending: string): string {
  const clean = (text: string): string =>
    text
      .replace(/[\p{C}<>:"/\\|?*]+/gu, " ")
      .replace(/\s+/g, " ")
      .replace(/^[. ]+|[. ]+$/g, "");
  return `${[...(clean(study) || "study")].slice(0, 60).join("")} - ${clean(what)}.${ending}`;
}
