import { appendFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import {
  copyKernelProject,
  type KernelProject,
  newKernelProject,
  type ObservedBuild,
} from "../kernel-project.test-support.ts";
import { copyFakeTools, type FakeTools, newFakeTools } from "./fake-tools.test-support.ts";

/** A finished build of mel for npu1 with its tools, made once for a file of tests; each test has a copy of both. */
interface BuiltMel {
  /** The build that the copies are of; no test may change it. */
  readonly original: KernelProject;
  readonly project: KernelProject;
  readonly tools: FakeTools;
  /** Makes the build stale, and its kernel another object. */
  readonly edit: () => Promise<void>;
  readonly build: (options?: Parameters<KernelProject["build"]>[1]) => Promise<ObservedBuild>;
}

/** Call once at the top of a file of tests; what is given has its values within tests. */
export function builtMelForEachTest(): BuiltMel {
  let original: KernelProject;
  let originalTools: FakeTools;
  let project: KernelProject;
  let tools: FakeTools;

  beforeAll(async () => {
    originalTools = await newFakeTools();
    original = await newKernelProject({ env: originalTools.env });
    await original.build({ target: "npu1" });
  });
  afterAll(async () => {
    await original.remove();
    await originalTools.remove();
  });
  beforeEach(async () => {
    tools = await copyFakeTools(originalTools);
    project = await copyKernelProject(original, { env: tools.env });
  });
  afterEach(async () => {
    await project.remove();
    await tools.remove();
  });

  return {
    get original() {
      return original;
    },
    get project() {
      return project;
    },
    get tools() {
      return tools;
    },
    async edit() {
      await appendFile(project.at("kernels/mel/mel.cc"), "\nint edited;\n");
      await tools.answer("mel.o", "another object");
    },
    build: (options = {}) => project.build({ target: "npu1" }, options),
  };
}

/** The error that a build ends with. */
export function failure(running: Promise<unknown>): Promise<Error> {
  return running.then(
    () => expect.unreachable("the build did not fail"),
    (error: Error) => error,
  );
}
