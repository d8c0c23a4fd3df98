import { ToolMissingError } from "@aiekit/core";

/** Pixels of the PNG for one of the SVG, for text that can be read. */
const zoom = 2;

/**
 * Draws an SVG as PNG, on white, with a monospace font of the system.
 * @throws ToolMissingError where the optional package that draws is not installed.
 */
export async function svgToPng(svg: string): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js").catch((cause: unknown) => {
    throw new ToolMissingError("PNG: the package @resvg/resvg-js is not installed for this machine", {
      hint: "write an .svg, which needs no package, or install the optional dependencies again",
      cause,
    });
  });
  const font = { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans Mono" };
  return new Resvg(svg, { font, background: "#fff", fitTo: { mode: "zoom", value: zoom } }).render().asPng();
}
