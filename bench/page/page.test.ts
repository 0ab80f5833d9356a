import { describe, expect, test } from "bun:test";

import { barChart, barPicture } from "./bar-chart.ts";
import { lineChart } from "./line-chart.ts";
import { formatPage } from "./page.ts";
import { chartStyle } from "./style.ts";

const bars = [
  { name: "a<b", value: 10, colour: 0 },
  { name: "c", value: 5, colour: 1 },
];

describe("formatPage", () => {
  const page = formatPage({
    title: "a & b",
    verdict: { is: "bad", text: "failed" },
    about: [],
    sections: [
      { title: "Empty", parts: [{ kind: "table", rows: [["head"]] }] },
      { title: "Full", parts: [{ kind: "table", rows: [["head"], ["FAILED"], ["<b>"]] }] },
    ],
  });

  test("escapes what it is given, and marks what failed", () => {
    expect(page).toContain("<h1>a &amp; b</h1>");
    expect(page).toContain('<td class="bad">FAILED</td>');
    expect(page).toContain("<td>&lt;b&gt;</td>");
  });

  test("leaves out a section without contents", () => {
    expect(page).toContain("<h2>Full</h2>");
    expect(page).not.toContain("<h2>Empty</h2>");
  });

  test("names nothing that lies elsewhere", () => {
    expect(page).not.toMatch(/<script|<link|src=|href=|url\(/);
  });
});

describe("lineChart", () => {
  const line = { name: "rss", colour: 0, look: "solid", gap: 2 } as const;
  const draw = (...points: [number, number][]) =>
    lineChart({ xLabel: "seconds", yLabel: "MB", lines: [{ ...line, points }] });

  test("joins neighbours, and leaves a gap where nothing was measured", () => {
    expect(
      draw([0, 1], [1, 2], [2, 2])
        .match(/d="([^"]*)"/)?.[1]
        ?.match(/[ML]/g),
    ).toEqual(["M", "L", "L"]);
    expect(
      draw([0, 1], [1, 2], [9, 2])
        .match(/d="([^"]*)"/)?.[1]
        ?.match(/[ML]/g),
    ).toEqual(["M", "L", "M"]);
  });

  test("is empty without points", () => {
    expect(draw()).toBe("");
  });
});

describe("barChart", () => {
  test("says its values in words, and draws bars in proportion", () => {
    const chart = barChart({ title: "LISTs", unit: "/s", bars });
    expect(chart).toContain('aria-label="LISTs: a&lt;b 10 /s, c 5 /s"');
    const [first = 0, second = 0] = [...chart.matchAll(/width="([0-9.]+)" height="16"/g)].map(
      ([, width]) => Number(width),
    );
    expect(second).toBeCloseTo(first / 2, 0);
  });

  test("as a picture of its own it has its style within", () => {
    const picture = barPicture([{ title: "LISTs", unit: "/s", bars }], chartStyle);
    expect(picture).toStartWith('<svg xmlns="http://www.w3.org/2000/svg"');
    expect(picture).toContain("prefers-color-scheme:dark");
  });
});
