// Greedy and beam search: the mathematics is that of g2p_jax/search.
//
// A hypothesis is {tokens, logP}: phonemes without EOS, and log P of all of them and of the end.
"use strict";
globalThis.g2pJax ??= {};
{
const { largest } = globalThis.g2pJax;
const BOS = 1, EOS = 2;

// The best hypothesis, and `alternatives` that have the second best phoneme at one place.
function greedy(network, ids, limit, alternatives, threshold) {
  let [memory, states] = network.start(ids), logP = 0;
  const tokens = [], second = [], gain = [], best = { tokens: [], logP: -Infinity };
  for (let t = 0, done = false; !done; t++) {
    const found = network.step(memory, states, [tokens.at(-1) ?? BOS]), p = found[1];
    const end = t ? p[EOS] : -Infinity; // no word is silent
    p[EOS] = -Infinity;
    const [first, next] = largest(p, 2);
    done = end >= p[first] || t >= limit;
    if (end >= p[first] || logP + end > best.logP) {
      Object.assign(best, { tokens: tokens.slice(), logP: logP + end });
    }
    tokens.push(first);
    second.push(next);
    gain.push(p[next] - p[first]);
    logP += p[first];
    states = found[0];
  }
  const losses = gain.slice(0, best.tokens.length);
  const places = largest(losses, alternatives).filter((place) => losses[place] >= -threshold);
  const others = places.map((place) => ({
    tokens: best.tokens.map((token, n) => (n === place ? second[place] : token)),
    logP: best.logP + losses[place],
  }));
  return [best, ...others];
}

// The `width` most probable hypotheses that so many at a time can find, the best first.
function beam(network, ids, limit, width, threshold) {
  let [memory, states] = network.start(ids), ended = [], active = [{ tokens: [], logP: 0 }];
  for (let t = 0; active.length; t++) {
    const last = active.map(({ tokens }) => tokens.at(-1) ?? BOS);
    const [after, p] = network.step(memory, states, last), V = p.length / active.length;
    if (!t) p[EOS] = -Infinity; // no word is silent
    const ending = active.map(({ tokens, logP }, r) => ({ tokens, logP: logP + p[r * V + EOS] }));
    ended = [...ended, ...ending].sort((a, b) => b.logP - a.logP).slice(0, width);
    if (t >= limit) break;
    let best = -Infinity;
    const total = p.map((x, i) => (i % V === EOS ? -Infinity : active[Math.floor(i / V)].logP + x));
    for (const x of total) if (x > best) best = x;
    let least = Math.max(best, ended[0].logP) - threshold;
    if (ended.length === width) least = Math.max(least, ended.at(-1).logP);
    const kept = [];
    total.forEach((x, i) => x > least && kept.push(i));
    kept.sort((a, b) => total[b] - total[a]).splice(width);
    states = network.select(after, kept.map((i) => Math.floor(i / V)), active.length);
    active = kept.map((i) => {
      return { tokens: [...active[Math.floor(i / V)].tokens, i % V], logP: total[i] };
    });
  }
  return ended.filter(({ logP }) => logP > -Infinity);
}

Object.assign(globalThis.g2pJax, { greedy, beam });
}
