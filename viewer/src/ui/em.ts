// How large the reader wants text: the page's own text follows the browser's setting by itself, drawings multiply by this.

/** Size of the browser's text, as a multiple of what browsers come with; 1 outside of a page. */
export const EM = typeof document === "undefined" ? 1 : Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1;
