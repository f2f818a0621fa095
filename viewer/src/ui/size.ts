// The size of an element, without borders and scrollbars, for {@attach}.

type Tell = (width: number, height: number) => void;
type Attachment = (element: HTMLElement) => () => void;

/** Tells the size at once, which makes the browser lay out the page, and whenever it changes: for what is drawn to fit the element. */
export function sized(tell: Tell): Attachment {
  return (element) => {
    tell(element.clientWidth, element.clientHeight);
    return laidOut(tell)(element);
  };
}

/** Tells the size whenever the browser has laid out the element anew, before it is painted: for what comes and goes with the pointer. */
export function laidOut(tell: Tell): Attachment {
  return (element) => {
    const observer = new ResizeObserver(() => tell(element.clientWidth, element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  };
}
