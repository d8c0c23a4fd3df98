import { UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { includeClosure, type SourceTree } from "./include-closure.ts";

const tree = (files: Readonly<Record<string, string>>): SourceTree => ({
  read: async (path) => files[path],
  includeFolders: ["kernels", "include"],
});
const reach = async (files: Readonly<Record<string, string>>): Promise<string[]> => [
  ...(await includeClosure(["kernels/mel/mel.cc"], tree(files))).keys(),
];

test("headers are followed through headers, quoted names beside the file first", async () => {
  const files = {
    "kernels/mel/mel.cc": '#include "window.h"\n  #  include <aie_api/aie.hpp>\n',
    "kernels/mel/window.h": "",
    "kernels/window.h": "not this one",
    "include/aie_api/aie.hpp": '#include "detail/vector.hpp"\n',
    "include/aie_api/detail/vector.hpp": '#include "../aie.hpp" // a circle',
    "include/unused.h": "",
  };

  expect(await reach(files)).toEqual([
    "include/aie_api/aie.hpp",
    "include/aie_api/detail/vector.hpp",
    "kernels/mel/mel.cc",
    "kernels/mel/window.h",
  ]);
});

test("an angled name is not looked for beside the file", async () => {
  const files = { "kernels/mel/mel.cc": "#include <window.h>", "kernels/mel/window.h": "" };

  expect(await reach(files)).toEqual(["kernels/mel/mel.cc"]);
});

test("headers behind a condition count, headers of the compiler do not", async () => {
  const files = {
    "kernels/mel/mel.cc": "#include <stdint.h>\n#ifdef NEVER\n#include <slow.h>\n#endif",
    "include/slow.h": "",
  };

  expect(await reach(files)).toEqual(["include/slow.h", "kernels/mel/mel.cc"]);
});

test("an include that names a macro is an error with file and line", async () => {
  const files = { "kernels/mel/mel.cc": "int a;\n#include TABLE_FILE\n" };

  await expect(reach(files)).rejects.toThrow(/kernels\/mel\/mel\.cc:2: #include TABLE_FILE: expected a file name/);
});

test("a source that is not there is named", async () => {
  await expect(reach({})).rejects.toThrow(UsageError);
  await expect(reach({})).rejects.toThrow("kernels/mel/mel.cc: no such file");
});
