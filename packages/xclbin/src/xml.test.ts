import fc from "fast-check";
import { expect, test } from "vitest";
import { parseXml, printXml, type XmlElement, XmlError } from "./xml.ts";

const parse = (text: string): XmlElement => parseXml(new TextEncoder().encode(text));

test("elements, attributes of either quote, text and entities are read", () => {
  const root = parse(`<?xml version="1.0"?>\n<!-- note --><a x='1' y = "a&lt;b&#65;&#x42;">t &amp; u<b/></a>\n`);

  expect(root).toEqual({
    name: "a",
    attributes: [
      ["x", "1"],
      ["y", "a<bAB"],
    ],
    text: "t & u",
    offset: 35,
    children: [{ name: "b", attributes: [], text: "", offset: 77, children: [] }],
  });
});

test.each([
  ["a document type", "<!DOCTYPE a><a/>", "starts with <!", 0],
  ["an entity of its own", "<a x='&xxe;'/>", "unknown entity &xxe;", 2],
  ["an entity without an end", "<a>&lt</a>", "unknown entity &lt", 3],
  ["a character beyond Unicode", "<a>&#x110000;</a>", "unknown entity &#x110000;", 3],
  ["CDATA", "<a><![CDATA[x]]></a>", "starts with <!", 3],
  ["an open element", "<a><b></b>", "element <a> is not closed", 0],
  ["crossed elements", "<a><b></a></b>", "expected </b>, got </a>", 6],
  ["a lone end", "</a>", "expected an element, got </a>", 0],
  ["two outermost elements", "<a/><b/>", "expected one outermost element, got <b> too", 4],
  ["an attribute without a value", "<a x/>", "<a: expected an attribute or the end of the tag", 2],
  ["a comment without an end", "<a/><!-- ", "comment has no end", 4],
  ["33 levels", "<a>".repeat(33), "more than 32 levels", 96],
  ["nothing", "  ", "expected an element, got none", 0],
])("%s is refused with its offset", (_, text, message, offset) => {
  const error = caught(() => parse(text));

  expect(error).toBeInstanceOf(XmlError);
  expect((error as XmlError).message).toContain(message);
  expect((error as XmlError).offset).toBe(offset);
});

test("any element that is printed is read again", () => {
  const name = fc.stringMatching(/^[a-z][a-z_-]{0,6}$/);
  const value = fc.string({ unit: "grapheme", maxLength: 8 }).map((text) => text.replaceAll(/\p{Cc}/gu, ""));
  const { element } = fc.letrec<{ element: XmlElement }>((tie) => ({
    element: fc.record({
      name,
      attributes: fc.array(fc.tuple(name, value), { maxLength: 3 }),
      children: fc.oneof({ maxDepth: 4 }, fc.constant([]), fc.array(tie("element"), { maxLength: 2 })),
      text: fc.constant(""),
      offset: fc.constant(0),
    }),
  }));
  fc.assert(
    fc.property(element, (root) => {
      expect(withoutOffsets(parseXml(printXml(root)))).toEqual(root);
    }),
    { seed: 7, numRuns: 100 },
  );
});

function withoutOffsets(element: XmlElement): XmlElement {
  return { ...element, offset: 0, children: element.children.map(withoutOffsets) };
}

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
