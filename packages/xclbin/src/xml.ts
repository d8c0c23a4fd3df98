/** An element of the small XML that EMBEDDED_METADATA holds. Attributes keep their order; text is trimmed. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly children: readonly XmlElement[];
  readonly text: string;
  /** Offset of its `<` in the document, in bytes. */
  readonly offset: number;
}

/** What is wrong and where; the section's reader turns it into a FormatError. */
export class XmlError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = "XmlError";
    this.offset = offset;
  }
}

const depthLimit = 32;
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

interface OpenElement {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly offset: number;
  readonly children: XmlElement[];
  text: string;
}

/**
 * Parses elements, attributes, text, comments and the declaration; no DOCTYPE, no entities of its own, no CDATA: nothing
 * that could reach outside the document or grow.
 * @throws XmlError at the first thing that is not such XML.
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  // One character a byte, so that positions are offsets in the file; values are decoded one by one.
  const text = new TextDecoder("latin1").decode(bytes);
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let at = 0;
  while (at < text.length) {
    if (text[at] !== "<") {
      const end = nextOr(text, "<", at);
      addText(open.at(-1), text.slice(at, end), at);
      at = end;
    } else if (text.startsWith("<!--", at)) {
      at = after(text, "-->", at, "comment");
    } else if (text.startsWith("<?", at)) {
      at = after(text, "?>", at, "declaration");
    } else if (text.startsWith("<!", at)) {
      throw new XmlError("expected elements and text only, got a declaration that starts with <!", at);
    } else {
      const tag = tagAt(text, at);
      if (tag.kind === "close") {
        const element = open.pop();
        if (element?.name !== tag.name) {
          throw new XmlError(
            `expected ${element === undefined ? "an element" : `</${element.name}>`}, got </${tag.name}>`,
            at,
          );
        }
        root = place(open, closed(element), root);
      } else {
        const element: OpenElement = { name: tag.name, attributes: tag.attributes, offset: at, children: [], text: "" };
        if (tag.kind === "empty") root = place(open, closed(element), root);
        else if (open.push(element) > depthLimit) throw new XmlError(`more than ${depthLimit} levels of elements`, at);
      }
      at = tag.end;
    }
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) throw new XmlError(`element <${unclosed.name}> is not closed`, unclosed.offset);
  if (root === undefined) throw new XmlError("expected an element, got none", 0);
  return root;
}

/** The document as xclbinutil writes it: declaration, two spaces a level, a line an element. */
export function printXml(root: XmlElement): Uint8Array {
  return new TextEncoder().encode(`<?xml version="1.0" encoding="utf-8"?>\n${printElement(root, "")}`);
}

function printElement(element: XmlElement, indent: string): string {
  const attributes = element.attributes.map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join("");
  const start = `${indent}<${element.name}${attributes}`;
  if (element.children.length > 0) {
    const children = element.children.map((child) => printElement(child, `${indent}  `)).join("");
    return `${start}>\n${children}${indent}</${element.name}>\n`;
  }
  return element.text === "" ? `${start}/>\n` : `${start}>${escapeXml(element.text)}</${element.name}>\n`;
}

type Tag =
  | { readonly kind: "close"; readonly name: string; readonly end: number }
  | {
      readonly kind: "open" | "empty";
      readonly name: string;
      readonly attributes: readonly (readonly [string, string])[];
      readonly end: number;
    };

const namePattern = /[A-Za-z_:][\w:.-]*/y;
const attributePattern = /\s+([A-Za-z_:][\w:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const tagEndPattern = /\s*(\/?>)/y;

function tagAt(text: string, at: number): Tag {
  const isClose = text[at + 1] === "/";
  const name = match(namePattern, text, at + (isClose ? 2 : 1))?.[0];
  if (name === undefined) throw new XmlError("expected the name of an element after <", at);
  let end = at + (isClose ? 2 : 1) + name.length;
  const attributes: [string, string][] = [];
  for (let found = match(attributePattern, text, end); found !== null; found = match(attributePattern, text, end)) {
    attributes.push([found[1]!, decodeValue(found[2] ?? found[3] ?? "", end)]);
    end += found[0].length;
  }
  const close = match(tagEndPattern, text, end);
  if (close === null) throw new XmlError(`<${name}: expected an attribute or the end of the tag`, end);
  end += close[0].length;
  if (isClose && attributes.length === 0 && close[1] === ">") return { kind: "close", name, end };
  if (isClose) throw new XmlError(`</${name}: expected >`, at);
  return { kind: close[1] === ">" ? "open" : "empty", name, attributes, end };
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function addText(element: OpenElement | undefined, raw: string, at: number): void {
  if (raw.replaceAll("\0", "").trim() === "") return;
  if (element === undefined) throw new XmlError("expected an element, got text", at);
  element.text += decodeValue(raw, at);
}

function closed({ name, attributes, offset, children, text }: OpenElement): XmlElement {
  return { name, attributes, offset, children, text: text.trim() };
}

function place(
  open: readonly OpenElement[],
  element: XmlElement,
  root: XmlElement | undefined,
): XmlElement | undefined {
  const parent = open.at(-1);
  if (parent !== undefined) {
    parent.children.push(element);
    return root;
  }
  if (root !== undefined)
    throw new XmlError(`expected one outermost element, got <${element.name}> too`, element.offset);
  return element;
}

function decodeValue(raw: string, at: number): string {
  const bytes = Uint8Array.from(raw, (c) => c.charCodeAt(0));
  return new TextDecoder().decode(bytes).replace(/&([^;&]{0,16});?/g, (whole, name: string) => {
    const code = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(name);
    const point = code === null ? Number.NaN : Number.parseInt(code[1] ?? code[2]!, code[1] === undefined ? 10 : 16);
    const decoded = code === null ? entities[name] : point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
    if (decoded === undefined || !whole.endsWith(";")) throw new XmlError(`unknown entity ${whole}`, at);
    return decoded;
  });
}

function escapeXml(text: string): string {
  const names = Object.entries(entities);
  return text.replace(/[&<>"']/g, (c) => `&${names.find(([, value]) => value === c)![0]};`);
}

function nextOr(text: string, what: string, at: number): number {
  const found = text.indexOf(what, at);
  return found < 0 ? text.length : found;
}

function after(text: string, end: string, at: number, what: string): number {
  const found = text.indexOf(end, at);
  if (found < 0) throw new XmlError(`${what} has no end`, at);
  return found + end.length;
}
