"""Pronounces words with NumPy alone: models of g2p_jax where JAX does not fit.

    import runtime
    g2p = runtime.load("model.safetensors")
    g2p("knight")                   # 'N AY T'
    g2p.pronounce("live", nbest=3)  # phonemes and probability, best first

This file needs no other: copy it together with a model. It computes in float32 what the library
does. Words that are searched together have equally many letters, so no letter is padding.

    B words    R hypotheses    K of one word    N answers    P words with an answer    S letters
    T phonemes    V symbols    L likely letters    H hidden units    E memory's width
"""
# mypy: no-check-untyped-defs

import functools
import hashlib
import itertools
import json
import math
import re
import unicodedata
from pathlib import Path

import numpy as np

PAD, BOS, EOS, UNK = range(4)
DTYPES = {"F16": "<f2", "F32": "<f4", "U8": "u1", "U16": "<u2", "U32": "<u4", "I64": "<i8"}
ROWS = 512  # words that are searched together
CANDIDATES = 4  # hypotheses of a word that a joint n-gram model rescores
SEVERAL = 10  # answers that are searched at least where more than one is wanted
PRUNE_THRESHOLD = 3.0  # of log P, for the best answer alone: what is further behind cannot win
LIKELY = 3  # monotonic attention: letters that each step hands on to the next
TINY = np.float32(1e-18)  # is added before a logarithm
# A joint n-gram model: the log P of what cannot be, of an answer that no units make, and of a unit
# that was never seen; the most letters or phonemes that are aligned; numbers that are no units.
NEVER, NOT_ALIGNED, UNSEEN = -1e9, -200.0, -20.0
LONGEST = 128
END, START, HOLE = -1, -2, -3
SEPARATOR = re.compile(r"[\s/_\-\u2010-\u2015\u2212\u05be\ufe63\uff0d]")
VOWEL = re.compile(r"(AA|AE|AH|AO|AW|AY|EH|ER|EY|IH|IY|OW|OY|UH|UW)[0-2]")
DOTLESS, CASES = str.maketrans("Iİ", "ıi"), {"lower": str.lower, "upper": str.upper, "keep": str}
MARKS = str.maketrans(dict.fromkeys("’‘ʼ′´`", "'") | dict.fromkeys("‐‑‒–—―−", "-"))
BASE = dict(zip("ßæœøłđÆŒØŁĐ", "ss ae oe o l d AE OE O L D".split(), strict=True))
_BASE = MARKS | str.maketrans(BASE)
# Letters that stand for one another, the known one for those that are not: hiragana and katakana.
ALIKE = "şș ţț đðɖ '’ ·•‧∙⋅ یيى کك هہە".split()
ALIKE += [chr(kana) + chr(kana + 0x60) for kana in (*range(0x3041, 0x3097), 0x309D, 0x309E)]
# ISO 639 codes and names of languages, after the names that they have in models.
_NAMES = """arm-e hye arm hy armenian, bul bg bulgarian, bur mya my burmese, cat ca catalan, cze ces
   cs czech, dan da danish, deu ger de german, dut nld nl dutch, eng en english, fas per fa persian
   farsi, fra fre fr french, geo kat ka georgian, gle ga irish, glg gl galician, gre ell el greek,
   hbs-latn hbs sh hrv hr bos bs srp sr croatian bosnian serbian, hin hi hindi, hun hu hungarian,
   ice isl is icelandic, ita it italian, jpn ja japanese, kor ko korean, lat-clas lat la latin, lit
   lt lithuanian, mac mkd mk macedonian, pol pl polish, por-bz por pt portuguese, ron rum ro
   romanian, slv sl slovene slovenian, spa es spanish, swe sv swedish, tgl tl fil tagalog filipino,
   tha th thai, tur tr turkish, ukr uk ukrainian, vie vi vietnamese, wel-nw cym wel cy welsh"""
LANGUAGES = {name: row.split()[0] for row in _NAMES.split(",") for name in row.split()}
COLONS = "swe", "fin"  # languages with colons in words, as in EU:s
ENDING = re.compile(r"(e?[nt]|[aeo]r|([ae]r)?na)?s?")  # of Swedish, after a colon
CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")
OR_FOR_ALL = ', or give language="deu" for all words'


RULES = {  # what arguments must be
    "nbest": ("a whole number from 1 to 1000", lambda x: hasattr(x, "__index__") and 0 < x < 1001),
    "beam": ("a whole number from 0 to 1000", lambda x: hasattr(x, "__index__") and -1 < x < 1001),
    "temperature": ("a number above 0", lambda x: hasattr(x, "__float__") and 0 < x < math.inf),
    "stress": ("True or False", lambda x: isinstance(x, bool)),
    "words": ("a list of texts", lambda x: hasattr(x, "__iter__") and not isinstance(x, str)),
}


def check(**arguments):
    """Raises ValueError for an argument that is not as it must be."""
    for name, value in arguments.items():
        kind, is_right = RULES.get(name, ("a text", lambda x: isinstance(x, str)))
        if not is_right(value):
            raise ValueError(f"{name} must be {kind}: {value!r:.80}")


def base(text):
    """Returns the plain letters that characters are made of: é -> e, ﬁ -> fi, ’ -> '."""
    text = unicodedata.normalize("NFKD", text.translate(_BASE))
    return "".join(char for char in text if not unicodedata.combining(char))


sigmoid = lambda x: 0.5 * np.tanh(0.5 * x) + 0.5
log_sum_exp = lambda x: np.log(np.exp(x - x.max(-1)[..., None]).sum(-1)) + x.max(-1)
softmax = lambda x: np.exp(x - log_sum_exp(x)[..., None])
product = lambda x, w: (x.reshape(-1, len(w)) @ w).reshape(*x.shape[:-1], *w.shape[1:])
affine = lambda x, w: product(x, w["w"][: x.shape[-1]]) + w["b"]  # inputs beyond x are zero
context = lambda weights_RxS, values_RxSxE: (weights_RxS[:, None] @ values_RxSxE)[:, 0]


def read(path):
    """Returns config, symbols, and the tree of arrays of a model file (safetensors)."""
    tree = {}
    try:
        data = memoryview(Path(path).read_bytes())
        end = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(bytes(data[8:end]))
        checksum = header["__metadata__"].pop("sha256", None)
        digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
        digest.update(data[end:])
        about = header.pop("__metadata__")
        if about["format"] != "g2p_jax 2" or checksum not in (None, digest.hexdigest()):
            raise ValueError("damaged, or of another version")
        for name, entry in header.items():
            start, stop = (end + offset for offset in entry["data_offsets"])
            array = np.frombuffer(data[start:stop], DTYPES[entry["dtype"]]).reshape(entry["shape"])
            array = array.astype(np.float32) if array.dtype.kind == "f" else array
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds what is no number")
            *folders, last = name.split("/")
            folder = functools.reduce(lambda tree, key: tree.setdefault(key, {}), folders, tree)
            folder[last] = array
        return json.loads(about["config"]), json.loads(about["symbols"]), tree
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise ValueError(f"{path}: not a model of g2p_jax ({error!r})") from error


class Spelling:
    """How a raw word becomes letters that are known, or a sentence such words between spaces."""

    def __init__(self, known, case, form, words=False):
        self.known, self.words, self.case, self.form = frozenset(known), words, CASES[case], form
        self.dotless = DOTLESS if "ı" in self.known else {}  # Turkish: I is no capital i
        self.has_letters = not words and any(map(str.isalpha, self.known))
        self.accents = any(map(unicodedata.combining, unicodedata.normalize("NFD", "".join(known))))

    def normalise(self, word):
        """Returns the word as the training data would write it."""
        word = word.strip().replace("\u0e4d\u0e32", "\u0e33")  # Thai: NFC does not compose it
        text = self._written(word)
        if self.words or self.known.issuperset(text):
            return text
        return self._written("".join(map(self.alike, unicodedata.normalize("NFC", word))))

    def letters_of(self, word):
        """Returns the letters to read, and the characters that are not known: they are left out.

        Base letters are read instead, é -> e, but so é is unknown if other letters have accents.
        """
        text = self.normalise(word)
        if not self.words and self.known.issuperset(text):
            return list(text), []
        letters, unknown = [], []
        for char in text.split() if self.words else unicodedata.normalize("NFC", text):
            found, is_base = self._known(char)
            letters += found or ()
            if found is None or (is_base and self.accents):
                unknown.append(char)
        return letters, unknown

    def parts(self, word):
        """Cuts a word at unknown separators, well-known -> well, known; but not a sum: 12-34."""
        found = {*SEPARATOR.findall(word)} if self.has_letters else ()
        lacking = [re.escape(x) for x in found if self._known(self.alike(x))[0] is None]
        return re.split("|".join(lacking), word) if lacking else [word]

    def _written(self, text):
        text = text.translate(self.dotless) if self.case is str.lower else text
        return unicodedata.normalize(self.form, self.case(text))

    def alike(self, char):
        """Returns a character, or one that stands for it and is known: ﬁ -> fi, ’ -> ', ş -> ș."""
        plain = unicodedata.normalize("NFKC", char).translate(MARKS)
        group = next((group for group in ALIKE if plain.lower() in group), "")
        found = (x for x in (char, plain, *group) if self.known.issuperset(self._written(x)))
        return next(found, plain if unicodedata.combining(plain[0]) else char)

    def _known(self, token):
        """Returns known letters for a token, None if there are none; whether they are its base."""
        cases = token, token.translate(self.dotless).lower(), token.upper()
        for n, text in enumerate((*cases, *map(base, cases))):
            letters = self._written(text).split() if self.words else list(self._written(text))
            if self.known.issuperset(letters):
                return letters, n >= len(cases)
        return None, False


def find_language(name, languages):
    """Returns which language has a name or code, deu, DE, de-AT or German; None: none of these."""
    small, same = name.strip().lower(), lambda name: LANGUAGES.get(name, name)
    codes = small, re.split("[-_]", small)[0]
    found = (x for code in codes for x in languages if same(x) == same(code))
    return name if name in languages else next(found, None)


def split_language(word, languages, default=""):
    """Returns the language of a word, deu:Haus or German:Haus, and the word without it.

    default: of a word that names none. ValueError for a word that needs one, or names another.
    """
    name, colon, rest = word.partition(":")
    if colon and (language := find_language(name, languages)):
        return language, rest
    if default == "auto" and rest and ENDING.fullmatch(rest):  # EU:s
        default = next(filter(None, (find_language(x, languages) for x in COLONS)), default)
    fix, what = "", f"{word[:60]!r} needs a language, such as deu:{word[:60]}{OR_FOR_ALL};"
    own = LANGUAGES.get(default, default)
    if colon and not default or rest and CODE.fullmatch(name) and own not in COLONS:
        what = f"{word[:60]!r}: no language {name[:60]!r}:"
        fix = "; fix: write one of these before the colon"
    elif default:
        return default, word
    raise ValueError(f"{what} the model knows {', '.join(languages)}{fix}")


def guess(steps_NxL, ids, lacking_L):
    """Returns the place of the most probable language of those that lack fewest of the letters."""
    letters_S = np.array([BOS, *ids, BOS], np.uint32)
    code_S, total_L = np.zeros_like(letters_S), 0
    for n in range(1, 5):
        last_S = letters_S[n - 1 :]
        code_S = (code_S[: len(last_S)] + last_S + np.uint32(n)) * np.uint32(0x9E3779B1)
        total_L = total_L + steps_NxL[code_S >> 18].sum(axis=0)
    return np.lexsort((total_L, lacking_L))[0]


def take(x, rows):
    """Returns these rows of all arrays of a nested list."""
    return [take(part, rows) for part in x] if isinstance(x, list) else x[rows]


def member(tree, n):
    """Returns the weights of member n of an ensemble; of the only one for n = ..."""
    return {name: member(x, n) if isinstance(x, dict) else x[n] for name, x in tree.items()}


def best(x, count):
    """Returns the `count` largest numbers of each row, the largest first, and their places."""
    place = np.argsort(-x, axis=-1, kind="stable")[:, :count]
    return np.take_along_axis(x, place, axis=-1), place


def cell(kind, x, w, h, c=None):
    """Returns the new h, and c of an LSTM; x is W x + b of the input, u is U h + b.

    elman: h' = tanh(x + u)    lstm: h' = o tanh(c'), c' = f c + i g; i, f, g, o of x + u
    gru: h' = (1 - z) n + z h, n = tanh(x + r u); r, z of x + u    gru_before: n = tanh(x + U (r h))
    """
    u, two = h @ w["u_h"] + w["c_h"], 2 * h.shape[1]
    if kind == "elman":
        return [np.tanh(x + u)]
    if kind == "lstm":
        i, f, g, o = (x + u).reshape(len(h), 4, -1).swapaxes(0, 1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return [sigmoid(o) * np.tanh(c), c]
    r, z = sigmoid(x[:, :two] + u[:, :two]).reshape(len(h), 2, -1).swapaxes(0, 1)
    u = r * u[:, two:] if kind == "gru" else (r * h) @ w["u_rh"] + w["c_rh"]
    return [(1 - z) * np.tanh(x[:, two:] + u) + z * h]


class Network:
    """Encoder and decoder: Luong's, Bahdanau's, with monotonic attention, or with none.

    States: a list of arrays, layer by layer. Memory: a list of keys, bias of the scores, and W_c m
    for each layer and the readout; an empty list where no context is read.
    """

    def __init__(self, model, weights):
        self.model, self.encoder, self.decoder = model, weights["encoder"], weights["decoder"]
        self.kind, self.feeding = model["attention"], model["input_feeding"]
        self.size = 2 if model["cell"] == "lstm" else 1  # arrays in the state of a layer
        self.layers = [self.decoder[f"layers_{n}"] for n in range(model["decoder_layers"])]
        self.head = self.decoder["readout" if model["readout"] else "output"]
        self.phonemes_VxG = affine(self.decoder["embedding"], self.layers[0])

    def start(self, source_BxS):
        """Returns the memory that `step` reads, and the states before the first phoneme."""
        m, last = self._encode(source_BxS)
        words, width, d = len(m), m.shape[-1], self.decoder
        count = self.size * len(self.layers)
        memory = [affine(m, d["key"]) if "key" in d else [], []]
        if self.kind in ("dot", "monotonic"):  # m . (W h + b) = (W^T m) . h + b . m
            memory = [product(m, d["query"][x].T * np.float32(width**-0.5)) for x in "wb"]
        for n, w in enumerate([*self.layers, self.head]):
            reads = n == len(self.layers) or (self.kind != "monotonic" and self.feeding == (n == 0))
            memory.append(product(m, w["w"][-width:]) if reads and self.kind != "none" else [])
        states = [np.zeros((words, self.model["hidden"]), np.float32)] * count
        if self.model["start"] == "bridge":
            states = np.split(np.tanh(affine(last[-self.size], d["bridge"])), count, axis=-1)
        elif self.model["start"] == "copy":
            states = last
        if self.kind == "monotonic":  # BOS comes from the first letter
            ones_Bx1xV = np.ones((words, 1, len(d["embedding"])), np.float32)
            states = [*states, np.zeros((words, 1), int), ones_Bx1xV]
        return memory, states

    def _encode(self, source_BxS):
        """Returns what the top layer knows at each letter [B, S, E], and all last states."""
        m, last, model = self.encoder["embedding"], [], self.model
        for n in range(model["encoder_layers"]):
            runs = []
            for way in ("forward", "backward")[model["directions"] == "backward" :]:
                w, order = self.encoder[f"{way}_{n}"], range(source_BxS.shape[1])
                x_SxBxG = affine(m, w) if n else affine(m, w)[source_BxS.T]
                state = [np.zeros((len(source_BxS), model["hidden"]), np.float32)] * self.size
                outputs = [state[0]] * len(order)
                for s in order if way == "forward" else reversed(order):
                    state = cell(model["cell"], x_SxBxG[s], w, *state)
                    outputs[s] = state[0]
                runs.append((np.stack(outputs), *state))
            add = model["directions"] == "sum" and n == model["encoder_layers"] - 1
            m, *state = (sum(x) if add else np.concatenate(x, -1) for x in zip(*runs, strict=True))
            last += state
        return m.swapaxes(0, 1), last

    def step(self, memory, states, token_R):
        """Reads a phoneme; returns the new states, and logits [R, V] of the next phoneme."""
        x, new, size = self.phonemes_VxG[token_R], [], self.size
        weights_RxS = softmax(self._scores(memory, states[-size])) if self.feeding else []
        for n, w in enumerate(self.layers):
            x = affine(new[-size], w) if n else x
            x = x + context(weights_RxS, memory[2 + n]) if len(memory[2 + n]) else x
            new += cell(self.model["cell"], x, w, *states[n * size : (n + 1) * size])
            if n == 0 and not self.feeding and self.kind not in ("none", "monotonic"):
                weights_RxS = softmax(self._scores(memory, new[0]))
        x = affine(new[-size], self.head)
        if self.kind == "monotonic":
            return self._monotonic(memory, new, x, *states[-2:], token_R)
        return new, self._output(x + context(weights_RxS, memory[-1]) if len(memory[-1]) else x)

    def _output(self, x):
        return affine(np.tanh(x), self.decoder["output"]) if self.model["readout"] else x

    def _scores(self, memory, h_RxH):
        if len(memory[1]):
            return (memory[0] @ h_RxH[..., None])[..., 0] + memory[1]
        sums_RxSxH = affine(h_RxH, self.decoder["query"])[:, None] + memory[0]
        active = np.maximum(sums_RxSxH, 0) if "relu" in self.kind else np.tanh(sums_RxSxH)
        return active @ self.decoder["v"]

    def _monotonic(self, memory, new, x_RxN, place_RxL, joint_RxLxV, token_R):
        """P(v) = sum_s p(s) P(v | s), p(s) = sum_(r <= s) P(r) softmax(score(s) + jump(s - r))."""
        rows, jump = np.arange(len(token_R))[:, None], self.decoder["jump"]
        before_RxL = joint_RxLxV[rows[:, 0], :, token_R] + TINY
        apart_RxLxS = np.arange(memory[0].shape[1]) - place_RxL[..., None]
        scores_RxLxS = jump[apart_RxLxS.clip(0, len(jump) - 1)]
        scores_RxLxS += self._scores(memory, new[-self.size])[:, None]
        onward_RxLxS = softmax(np.where(apart_RxLxS >= 0, scores_RxLxS, -np.inf))
        p_RxS = context(before_RxL / before_RxL.sum(-1, keepdims=True), onward_RxLxS)
        p_RxL, place_RxL = best(p_RxS, LIKELY)
        emissions_RxLxV = softmax(self._output(x_RxN[:, None] + memory[-1][rows, place_RxL]))
        joint_RxLxV = p_RxL[..., None] * emissions_RxLxV
        return [*new, place_RxL, joint_RxLxV], np.log(joint_RxLxV.sum(axis=1) + TINY)


def greedy(step, states, words, limit, prune, count):
    """Takes the best phoneme until that is EOS, or ends where that would have been most probable.

    Of the `count` answers all but the first have the second best phoneme at one place, where it
    loses at most `prune`.
    """
    eos_BxT, first_BxT, second_BxT = np.zeros((3, words, limit + 1), np.float32)
    eos_BxT[:], tokens_2xBxT = -np.inf, np.full((2, words, limit + 1), PAD)
    row_R, token_R = np.arange(words), np.full(words, BOS)
    for t in range(limit + 1):
        states, log_p_RxV = step(states, token_R, row_R)
        if t:  # no word is silent
            eos_BxT[row_R, t] = log_p_RxV[:, EOS]
        log_p_RxV[:, EOS] = -np.inf
        log_p_Rx2, token_Rx2 = best(log_p_RxV, 2)
        first_BxT[row_R, t], second_BxT[row_R, t] = log_p_Rx2.T
        tokens_2xBxT[:, row_R, t] = token_Rx2.T
        go = eos_BxT[row_R, t] < first_BxT[row_R, t]
        row_R, token_R, states = row_R[go], token_Rx2[go, 0], take(states, go)
        if not len(row_R):
            break
    ended_BxT, chosen_BxT = eos_BxT + first_BxT.cumsum(1) - first_BxT, eos_BxT >= first_BxT
    end_B = np.where(chosen_BxT.any(1), chosen_BxT.argmax(1), ended_BxT.argmax(1))
    rows, n, real_BxT = np.arange(words), np.arange(count), np.arange(limit + 1) < end_B[:, None]
    gain_BxT = np.where(real_BxT, second_BxT - first_BxT, -np.inf)
    gain_BxN, place_BxN = best(np.where(gain_BxT >= -prune, gain_BxT, -np.inf), count - 1)
    tokens_BxNxT = np.where(real_BxT, tokens_2xBxT[0], PAD)[:, None].repeat(count, axis=1)
    tokens_BxNxT[rows[:, None], n[1:], place_BxN] = tokens_2xBxT[1, rows[:, None], place_BxN]
    return tokens_BxNxT, ended_BxT[rows, end_B, None] + np.pad(gain_BxN, ((0, 0), (1, 0)))


def beam(step, states, words, limit, prune, width):
    """Returns the K = `width` most probable pronunciations that K hypotheses at a time find.

    Endings compete with those before; what is behind the K-th of them is pruned, and what is
    `prune` behind the best.
    """
    log_p_BxK = np.full((words, width), -np.inf, np.float32)
    ended_BxK, token_BxK, log_p_BxK[:, 0] = log_p_BxK.copy(), np.full((words, width), BOS), 0
    place_BxK = np.arange(words)[:, None].repeat(width, axis=1)  # rows of the states
    ended_BxKxT = tokens_BxKxT = np.full((words, width, limit + 1), PAD)
    pick = lambda x_BxKxT, kept_BxK: np.take_along_axis(x_BxKxT, kept_BxK[..., None], axis=1)
    for t in range(limit + 1):
        if not (active := log_p_BxK > -np.inf).any():
            break
        states = take(states, place_BxK[active])
        states, log_p_RxV = step(states, token_BxK[active], np.nonzero(active)[0])
        log_p_RxV[:, EOS] = log_p_RxV[:, EOS] if t else -np.inf  # no word is silent
        symbols, place_BxK[active] = log_p_RxV.shape[1], np.arange(len(log_p_RxV))
        log_p_BxKxV = np.full((words, width, symbols), -np.inf, np.float32)
        log_p_BxKxV[active] = log_p_BxK[active][:, None] + log_p_RxV
        ended_BxK, kept = best(np.concatenate([ended_BxK, log_p_BxKxV[..., EOS]], 1), width)
        ended_BxKxT = pick(np.concatenate([ended_BxKxT, tokens_BxKxT], axis=1), kept)
        log_p_BxKxV[..., EOS] = -np.inf
        log_p_BxK, kept = best(log_p_BxKxV.reshape(words, -1), width)
        parent_BxK, token_BxK = np.divmod(kept, symbols)
        place_BxK = np.take_along_axis(place_BxK, parent_BxK, axis=1)
        tokens_BxKxT = pick(tokens_BxKxT, parent_BxK)
        tokens_BxKxT[..., t] = token_BxK
        most_B = np.maximum(log_p_BxK[:, 0], ended_BxK[:, 0])
        least_B = np.maximum(ended_BxK[:, -1], most_B - prune)
        log_p_BxK[log_p_BxK <= least_B[:, None]] = -np.inf
    return ended_BxKxT, ended_BxK


class JointNgram:
    """A joint n-gram model of letters and phonemes (Bisani and Ney 2008), Kneser-Ney smoothed.

    turned: letters are the targets and phonemes the sources, for spelling from sound.
    """

    def __init__(self, arrays, turned):
        self.units, self.codes, self.levels = arrays["units"], arrays["codes"], []
        self.letters, self.phonemes = arrays.get("letters"), arrays.get("phonemes")
        if "places" in self.units:  # of one language of many: only the likely units are stored
            g, v = (-(-(len(x) + 2) // 64) * 64 for x in (self.letters, self.phonemes))
            shapes = {"silent": (g,), "single": (g, v), "double": (g, v, v), "pair": (g, g, v)}
            ends = np.cumsum([math.prod(shape) for shape in shapes.values()])
            log_p = np.full(ends[-1], self.units["log_prob"][-1])
            log_p[self.units["places"]] = self.units["log_prob"][:-1]
            each = zip(shapes.items(), np.split(log_p, ends[:-1]), strict=True)
            self.units = {name: x.reshape(shape) for (name, shape), x in each}
        self.turned, histories = turned, 1
        self.size = len(self.codes) + 2  # units, start and end of a word
        for n in itertools.takewhile(arrays.__contains__, map(str, itertools.count(1))):
            keys = np.repeat(np.arange(histories) * self.size, arrays[n]["counts"])
            keys, histories = keys + arrays[n]["tokens"], len(keys)
            self.levels.append((keys, arrays[n]["log_prob"], arrays[n].get("log_backoff")))

    def _numbered(self, ids, symbols):
        """Returns the numbers that symbols have in the model of one language."""
        if symbols is None:
            return ids
        place = symbols.searchsorted(ids).clip(max=len(symbols) - 1)
        return np.where(ids == PAD, PAD, np.where(symbols[place] == ids, place, len(symbols)) + 1)

    def log_probs(self, source_PxS, target_PxT):
        """Returns log P of equally long words with their answers, in the order of letters."""
        if self.turned:
            longest = (target_PxT != PAD).any(axis=0).sum() or 1
            source_PxS, target_PxT = target_PxT[:, :longest], np.pad(source_PxS, ((0, 0), (0, 1)))
        source_PxS = self._numbered(source_PxS, self.letters)
        target_PxT = self._numbered(target_PxT, self.phonemes)
        letters_P, length_P = ((x != PAD).sum(axis=1) for x in (source_PxS, target_PxT))
        code_PxS = self._align(source_PxS, target_PxT[:, : length_P.max() + 1], length_P)
        code_PxS[np.maximum(length_P, letters_P) > LONGEST] = HOLE
        code_PxS = np.pad(code_PxS, ((0, 0), (1, 1)), constant_values=((0, 0), (START, END)))
        real_PxS = code_PxS != HOLE
        code, position = code_PxS[real_PxS], (real_PxS.cumsum(axis=1) - 1)[real_PxS]
        place = self.codes.searchsorted(code).clip(max=self.size - 3)
        place = np.where(self.codes[place] == code, place, self.size)  # size: never seen
        token = np.where(code < 0, self.size + code, place)
        node = np.where(token < self.size, token, -1)
        log_p = np.where(node >= 0, self.levels[0][1][node] / -16, UNSEEN)
        for n, (shorter, (keys, log_prob, _)) in enumerate(itertools.pairwise(self.levels), 1):
            history = np.where(position >= n, np.roll(node, 1), -1)
            key = np.where((history >= 0) & (token < self.size), history * self.size + token, -1)
            node = keys.searchsorted(key).clip(max=len(keys) - 1)
            node = np.where(keys[node] == key, node, -1)
            log_p = np.where(history >= 0, log_p + shorter[2][history] / -16, log_p)
            log_p = np.where(node >= 0, log_prob[node] / -16, log_p)
        total_P = np.add.reduceat(np.where(position > 0, log_p, 0), np.flatnonzero(position == 0))
        return np.where(real_PxS.sum(axis=1) > 2, total_P, NOT_ALIGNED)

    def _align(self, source_PxS, target_PxT, length_P):
        """Returns the most probable units [P, S]: at the last letter of each its number, else HOLE.

        A unit is one letter with 0, 1 or 2 phonemes, or two letters with one: kinds 0 to 3.
        """
        silent, single, double, pair = map(self.units.get, ("silent", "single", "double", "pair"))
        x_SxP, p, q = source_PxS.T, target_PxT, np.roll(target_PxT, -1, axis=1)
        a, kinds = np.full((len(p), p.shape[1] + 1), NEVER, np.float32), []  # best log P so far
        ways, a[:, 0] = np.stack([a] * 4), 0
        for s, x in enumerate(x_SxP[..., None]):
            ways[0] = a + (silent[x] + 1e-3 * s)  # of two equal letters the second is silent
            ways[1, :, 1:] = a[:, :-1] + single[x, p]
            ways[2, :, 2:] = (a[:, :-1] + double[x, p, q])[:, :-1]
            kinds.append(ways.argmax(axis=0))
            pairs = a[:, :-1] + pair[x, np.roll(x_SxP, -1, axis=0)[s, :, None], p]
            a, ways[3, :, 1:] = np.where(x == PAD, a, ways.max(axis=0)), pairs
        rows, place, g = np.arange(len(p)), length_P, len(silent)
        never, kind, codes = a[rows, place] < NEVER / 2, np.full(len(p), -1), []
        for s in reversed(range(len(kinds))):
            none = never | (kind == 3) | (x_SxP[s] == PAD)
            kind = np.where(none, -1, kinds[s][rows, place])
            place = place - np.array([0, 1, 2, 1, 0])[kind]
            code = np.where(kind == 3, x_SxP[s - 1] * g + x_SxP[s], x_SxP[s] * g)
            code = code * single.shape[1] + np.where(kind == 0, PAD, p[rows, place])
            code = code * single.shape[1] + np.where(kind == 2, q[rows, place], PAD)
            codes.append(np.where(kind >= 0, code, HOLE))
        return np.stack(codes[::-1], axis=1)


class G2P:
    """A trained model; settings: instead of those of its config, such as stress=True or beam=4."""

    def __init__(self, path, **settings):
        if unknown := settings.keys() - {"beam", "language", "stress", "temperature"}:
            raise ValueError(f"{min(unknown)}: settings are beam, language, stress, temperature")
        check(**settings)
        config, symbols, arrays = read(path)
        if settings.get("stress") and not any(map(VOWEL.fullmatch, symbols["phonemes"])):
            raise ValueError(f"{path}: stress=True: the model has learned none")
        config |= settings
        self.model, self.members, self.beam = config["model"], config["ensemble"], config["beam"]
        if not self.model["encoder_layers"]:
            raise ValueError(f"{path}: a language model, which reads no words")
        several = range(self.members) if self.members > 1 else [...]
        networks = {name: arrays[name] for name in ("encoder", "decoder")}
        self.networks = [Network(self.model, member(networks, n)) for n in several]
        self.ids = {letter: id for id, letter in enumerate(symbols["graphemes"])}
        words, characters = symbols["source"] == "words", symbols["target"] == "characters"
        known = symbols.get("languages", {})
        languages = sorted(known, key=lambda x: self.ids[f"{x}:"])
        self.longest, how = config["data"]["longest"], (symbols["case"], symbols["unicode"])
        self.spelling = Spelling(symbols["graphemes"], *how, words)
        self.spellings = {x: Spelling(known[x], *how) for x in languages} or {"": self.spelling}
        self.spelling.dotless = {} if known else self.spelling.dotless  # I is ı in Turkish only
        self.names, self.language = symbols["phonemes"], config.get("language", "")
        joint = arrays.get("joint", {})  # of each language, read when it is needed, or of all words
        each = {self.ids[f"{x}:"]: joint[x] for x in languages} if joint else {}
        self.joint, self.guesser = each or (joint and {PAD: joint}), joint.get("guesser")
        self.joint_of = functools.cache(lambda x: JointNgram(self.joint[x], words and characters))
        if self.language and (self.language != "auto" or self.guesser is None):
            self.language = find_language(language := self.language, languages)
            if not self.language:
                raise ValueError(f"no language {language!r}: one of {', '.join(languages)}")
        if not config["stress"]:
            self.names = [x[:-1] if VOWEL.fullmatch(x) else x for x in self.names]
        self.fold = 1 + (self.names != symbols["phonemes"])
        self.join = (lambda names: tuple("".join(names).split())) if characters else tuple
        self.temperature, train = config["temperature"], config["train"]
        self.smoothing = train["label_smoothing"] * (0.5 if train["teacher"] else 1)

    def __call__(self, word: str) -> str:
        """Returns the most probable pronunciation, phonemes joined by spaces."""
        return " ".join(self.pronounce(word)[0][0])

    def pronounce(self, word: str, nbest: int = 1, beam: int = 0) -> list[tuple[tuple, float]]:
        """Returns (phonemes, probability) of at most `nbest` pronunciations, the best first."""
        return self.pronounce_all([word], nbest, beam)[0][0]

    def pronounce_all(self, words, nbest=1, beam=0):
        """Returns for each word its pronunciations, and the characters that are not known."""
        check(nbest=nbest, beam=beam, words=words)
        width, most = beam or self.beam or (CANDIDATES if self.joint else 1), SEVERAL * self.fold
        rounds = range(((nbest - 1) // SEVERAL).bit_length() + 1 if nbest > 1 else 0)
        spelled, by_length, found = list(map(self.pieces, words)), {}, {}
        for piece in dict.fromkeys(piece for pieces, _ in spelled for piece in pieces):
            by_length.setdefault(len(piece), []).append(piece)
        for pieces in by_length.values():
            for start in range(0, len(pieces), rows := max(ROWS // width, 1)):
                some = pieces[start : start + rows]
                best = [each[:1] for each in self._search(some, width, PRUNE_THRESHOLD)]
                for n in rounds:
                    best = map(self._add, best, self._search(some, max(width, most << n), np.inf))
                found |= zip(some, best, strict=True)
        return [(self._join(found, pieces, nbest), unknown) for pieces, unknown in spelled]

    def named(self, word):
        """Returns the language of a word, "" in a model of one, and the word without it."""
        if "" in self.spellings:
            return "", word
        language, word = split_language(word, self.spellings, self.language)
        if language == "auto":
            letters = self.spelling.letters_of(word)[0]  # of all languages
            lacking = [sum(x not in own.known for x in letters) for own in self.spellings.values()]
            language = [*self.spellings][guess(self.guesser, map(self.ids.get, letters), lacking)]
        return language, word

    def pieces(self, word):
        """Returns the letters of each part of a word, haus or deu:haus, and what is unknown.

        Parts are between unknown hyphens and spaces; what is too long is cut into equal pieces.
        """
        check(word=word)
        language, word = self.named(word)
        first = (f"{language}:",) if language else ()
        spelling, pieces, longest = self.spellings[language], [], self.longest - len(first)
        parts = [spelling.letters_of(word)]
        if parts[0][1]:
            parts = list(map(spelling.letters_of, spelling.parts(word)))
        for letters, _ in parts:
            size = -(-len(letters) // max(-(-len(letters) // longest), 1)) or 1
            pieces += ((*first, *letters[i : i + size]) for i in range(0, len(letters), size))
        return pieces, tuple(token for _, unknown in parts for token in unknown)

    def _join(self, found, pieces, nbest):
        best = [((), 1.0)]
        for each in map(found.get, pieces):
            both = [(a + b, p * q) for (a, p), (b, q) in itertools.product(best, each)]
            best = sorted(both, key=lambda one: -one[1])[:nbest]
        return best if best[0][0] else [((), 0.0)]

    def _add(self, found, wider):
        """Returns `found`, and what a wider search has found, which shares the rest."""
        known = dict(found)
        others = 1 - sum(p for phonemes, p in wider if phonemes in known)
        share = max(1 - sum(known.values()), 0.0) / others if others > 0 else 0.0
        return found + [(x, min(p * share, found[-1][1])) for x, p in wider if x not in known]

    def _search(self, pieces, width, prune):
        """Yields the pronunciations of each of some equally long words, the best first."""
        source_BxS = np.array([[self.ids[x] for x in piece] for piece in pieces])
        starts = (x.start(source_BxS) for x in self.networks)
        memories, states = map(list, zip(*starts, strict=True))
        now = [np.arange(len(pieces)), memories]  # the words of the rows, and the memories of these

        def step(states, token_R, word_R):
            if not np.array_equal(now[0], word_R):
                now[:] = word_R, take(memories, word_R)
            rows = zip(self.networks, now[1], states, strict=True)
            each = [network.step(memory, state, token_R) for network, memory, state in rows]
            return [new for new, _ in each], self._log_probs([logits for _, logits in each])

        limit = 3 * source_BxS.shape[1] + 12
        search, count = (greedy, CANDIDATES if self.joint else 1) if width == 1 else (beam, width)
        tokens_BxNxT, log_p_BxN = search(step, states, len(pieces), limit, prune, count)
        log_p_BxN = self._rescore(source_BxS, tokens_BxNxT, log_p_BxN.astype(float))
        for tokens_NxT, log_p_N in zip(tokens_BxNxT.tolist(), log_p_BxN.tolist(), strict=True):
            merged = {}  # what differs in stress that is left out is one pronunciation
            for tokens_T, log_p in zip(tokens_NxT, log_p_N, strict=True):
                if log_p > -np.inf:
                    phonemes = self.join([self.names[id] for id in tokens_T if id != PAD])
                    merged[phonemes] = merged.get(phonemes, 0.0) + math.exp(log_p)
            yield sorted(merged.items(), key=lambda one: -one[1])

    def _rescore(self, source_BxS, tokens_BxNxT, log_p_BxN):
        """Interpolates log P of the network and the joint n-gram model, keeping a word's total."""
        found_BxN = log_p_BxN > -np.inf
        found_BxN &= found_BxN.sum(axis=1, keepdims=True) > 1
        if not self.joint or not found_BxN.any():
            return log_p_BxN
        joint_BxN, (b_P, n_P) = np.zeros_like(log_p_BxN), np.nonzero(found_BxN)
        source_PxS, tokens_PxT = source_BxS[b_P], tokens_BxNxT[b_P, n_P]
        first = PAD not in self.joint  # letters that name a language
        for language in np.unique(source_PxS[:, 0]) if first else [PAD]:
            rows = (source_PxS[:, 0] == language) | (not first)
            log_probs = self.joint_of(int(language)).log_probs
            found = log_probs(source_PxS[rows, int(first) :], tokens_PxT[rows])
            joint_BxN[b_P[rows], n_P[rows]] = found
        weight = 0.4 if self.members == 1 else 1 / 3
        both_BxN = ((1 - weight) * log_p_BxN + weight * joint_BxN) / self.temperature
        total = lambda x_BxN: np.logaddexp.reduce(x_BxN, axis=1, keepdims=True)
        return np.where(found_BxN, both_BxN - total(both_BxN) + total(log_p_BxN), log_p_BxN)

    def _log_probs(self, logits_MxRxV):
        """Returns log P [R, V]: the members' mean, without label smoothing, at the temperature."""
        each = [x - log_sum_exp(x)[..., None] for x in logits_MxRxV]
        log_p = functools.reduce(np.logaddexp, each) - np.float32(np.log(self.members))
        if self.smoothing:
            q, s = np.exp(log_p), np.float32(self.smoothing)
            with np.errstate(divide="ignore"):
                log_p = np.log(np.maximum(q - s / q.shape[1], 0.01 * q))
        log_p /= 1 if self.joint else self.temperature
        log_p[:, [PAD, BOS, UNK]] = -np.inf
        return log_p - log_sum_exp(log_p)[..., None]


load = G2P
