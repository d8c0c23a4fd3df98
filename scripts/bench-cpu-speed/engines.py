"""Three engines behind one interface: `encode()` of 30 s and `decode(count)` of greedy tokens behind it, both in seconds."""

import ctypes
import json
import subprocess
import time
from pathlib import Path

import numpy as np

from model_folder import END, PROMPT, START, TRANSLATE

# Never sampled: the end, so that the count of tokens is fixed, and what openai-whisper never samples.
NEVER = [END, START, TRANSLATE, TRANSLATE + 1, TRANSLATE + 2, TRANSLATE + 3, TRANSLATE + 4]


# Processor time is that of all threads of a process: for one thread, on a machine that has other things to do.
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}


class FasterWhisper:
    name = "faster-whisper"

    def __init__(self, folder, features, precision, options):
        import ctranslate2
        import faster_whisper

        compute = {"f32": "float32", "int8": "int8_float32"}[precision]
        self.clock = CLOCKS[options.clock]
        self.model = faster_whisper.WhisperModel(
            str(folder), device="cpu", compute_type=compute, cpu_threads=options.threads).model
        self.features = ctranslate2.StorageView.from_array(features[None])

    def encode(self):
        start = self.clock()
        self.state = self.model.encode(self.features)
        return self.clock() - start

    def decode(self, count):
        start = self.clock()
        # It takes half of max_length for what follows the prompt.
        result = self.model.generate(self.state, [PROMPT], beam_size=1, max_length=2 * count, suppress_blank=False,
                                     suppress_tokens=NEVER)
        seconds = self.clock() - start
        return seconds, result[0].sequences_ids[0]

    def close(self):
        self.model.unload_model()


class WhisperCpp:
    """By its C functions: the Python ones feed one token at a time only. Sampling is an argmax that numpy takes."""

    name = "whisper.cpp"

    def __init__(self, file, features, _precision, options):
        self.library, self.features = whisper_cpp(), features
        self.clock, self.threads = CLOCKS[options.clock], options.threads
        self.context = self.library.whisper_init_from_file(str(file).encode())
        if not self.context:
            raise SystemExit(f"whisper.cpp did not take {file}")
        self.vocab = self.library.whisper_n_vocab(self.context)

    def encode(self):
        mels, frames = self.features.shape
        start = self.clock()
        values = self.features.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        self.expect(self.library.whisper_set_mel(self.context, values, frames, mels))
        self.expect(self.library.whisper_encode(self.context, 0, self.threads))
        return self.clock() - start

    def decode(self, count):
        start = self.clock()
        tokens = [likeliest(self.logits(PROMPT, 0))]
        while len(tokens) < count:
            tokens.append(likeliest(self.logits(tokens[-1:], len(PROMPT) + len(tokens) - 1)))
        return self.clock() - start, tokens

    def logits(self, tokens, past):
        ids = (ctypes.c_int32 * len(tokens))(*tokens)
        self.expect(self.library.whisper_decode(self.context, ids, len(tokens), past, self.threads))
        all_logits = self.library.whisper_get_logits(self.context)
        return np.ctypeslib.as_array(all_logits, (len(tokens), self.vocab))[-1]

    def expect(self, status):
        if status != 0:
            raise SystemExit(f"whisper.cpp: status {status}")

    def close(self):
        self.library.whisper_free(self.context)


def likeliest(logits):
    allowed = logits.copy()
    allowed[NEVER] = -np.inf
    return int(allowed.argmax())


SILENT = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda *_: None)


def whisper_cpp():
    """libwhisper of the installed pywhispercpp."""
    import pywhispercpp

    folder = Path(pywhispercpp.__file__).parents[1] / "pywhispercpp.libs"
    library = ctypes.CDLL(str(next(folder.glob("libwhisper-*.so*"))))
    library.whisper_init_from_file.restype = ctypes.c_void_p
    library.whisper_get_logits.restype = ctypes.POINTER(ctypes.c_float)
    library.whisper_get_logits.argtypes = library.whisper_n_vocab.argtypes = library.whisper_free.argtypes = [ctypes.c_void_p]
    library.whisper_set_mel.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_float), ctypes.c_int, ctypes.c_int]
    library.whisper_encode.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    library.whisper_decode.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_int32), ctypes.c_int, ctypes.c_int, ctypes.c_int]
    library.whisper_log_set(SILENT, None)
    return library


class Aiekit:
    """A Node process that runs the `cpu` executor and answers lines of JSON; it takes the times itself."""

    name = "aiekit"

    def __init__(self, folder, features, precision, options):
        features.tofile(Path(folder) / "features.f32")
        script = Path(__file__).with_name("aiekit-worker.mjs")
        command = ["node", str(script), str(folder), str(options.threads), precision, options.clock]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask({"features": list(features.shape), "prompt": PROMPT, "never": NEVER})

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("the aiekit process ended")
        return json.loads(answer)

    def encode(self):
        return self.ask({"encode": True})["seconds"]

    def decode(self, count):
        answer = self.ask({"decode": count})
        return answer["seconds"], answer["tokens"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
