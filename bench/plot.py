"""Lines on two logarithmic axes, as SVG: what docs/growth.svg is drawn by."""
import dataclasses
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 380, 260, 56, 16, 34, 44
COLOURS = ("#1f5fa8", "#b3541e", "#3a7d44")


@dataclasses.dataclass
class Panel:
    title: str
    x: str
    y: str
    lines: dict  # name: [(x, y)]


def short(value):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def decades(values):
    """Exponents of ten around them."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


class Scale:
    def __init__(self, values, start, end):
        self.low, self.high = decades(values)
        self.start, self.end = start, end

    def at(self, value):
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self):
        return [10.0 ** n for n in range(self.low, self.high + 1)]


def text(x, y, words, anchor="middle", size=11, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{more}>{words}</text>'


def axes(panel, xs, ys):
    out = [text(WIDTH / 2, 18, panel.title, size=13), text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, panel.x),
           text(14, HEIGHT / 2, panel.y, more=f' transform="rotate(-90 14 {HEIGHT / 2:.0f})"')]
    for value in xs.ticks():
        out.append(f'<path d="M{xs.at(value):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        out.append(text(xs.at(value), HEIGHT - BOTTOM + 14, short(value)))
    for value in ys.ticks():
        out.append(f'<path d="M{LEFT} {ys.at(value):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(text(LEFT - 5, ys.at(value) + 4, short(value), "end"))
    return out


def draw_panel(panel):
    points = [p for line in panel.lines.values() for p in line]
    xs = Scale([p[0] for p in points], LEFT, WIDTH - RIGHT)
    ys = Scale([p[1] for p in points], HEIGHT - BOTTOM, TOP)
    out = axes(panel, xs, ys)
    for i, (name, line) in enumerate(panel.lines.items()):
        colour = COLOURS[i % len(COLOURS)]
        places = [(xs.at(x), ys.at(y)) for x, y in line]
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
                   + " ".join(f"{x:.1f},{y:.1f}" for x, y in places) + '"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        if len(panel.lines) > 1:  # the title names a single line
            out.append(text(LEFT + 8, TOP + 14 + 15 * i, name, "start", more=f' fill="{colour}"'))
    return out


def draw(panels):
    """Two in a row."""
    rows = (len(panels) + 1) // 2
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {rows * HEIGHT}" font-family="sans-serif">',
           f'<rect width="{2 * WIDTH}" height="{rows * HEIGHT}" fill="#fff"/>']
    for i, panel in enumerate(panels):
        out += [f'<g transform="translate({i % 2 * WIDTH} {i // 2 * HEIGHT})">', *draw_panel(panel), "</g>"]
    return "\n".join([*out, "</svg>"]) + "\n"
