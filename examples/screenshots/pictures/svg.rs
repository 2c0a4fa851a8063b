//! Cells as SVG: text stays text, and what is drawn with box characters becomes
//! lines and boxes, so that no font leaves gaps in them.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// A cell's size, and the size of the text in it, in pixels.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 19.0;
const FONT: f32 = 14.0;
/// From a cell's top to the text's base line.
const BASE: f32 = 14.0;
/// Around the cells: the window's edge, and its bar on top.
const EDGE: f32 = 14.0;
const BAR: f32 = 34.0;

type Rgb = [u8; 3];

const GROUND: Rgb = [0x17, 0x1a, 0x21];
const TEXT: Rgb = [0xd4, 0xd9, 0xe3];
/// The sixteen colours of a terminal, in their order.
const PALETTE: [Rgb; 16] = [
    [0x2b, 0x30, 0x3b],
    [0xf0, 0x71, 0x78],
    [0x9c, 0xd0, 0x7a],
    [0xe8, 0xc0, 0x6c],
    [0x7a, 0xa8, 0xf5],
    [0xc7, 0x92, 0xea],
    [0x6f, 0xcf, 0xd8],
    [0xc4, 0xca, 0xd6],
    [0x5c, 0x65, 0x77],
    [0xff, 0x8b, 0x92],
    [0xb5, 0xe6, 0x95],
    [0xff, 0xd8, 0x85],
    [0x99, 0xc0, 0xff],
    [0xdd, 0xb0, 0xf7],
    [0x8f, 0xe6, 0xee],
    [0xf2, 0xf4, 0xf8],
];

/// What a cell without colours of its own looks like.
#[derive(Clone, Copy)]
struct Canvas {
    text: Rgb,
    ground: Rgb,
}

impl Canvas {
    /// A theme's own ground is the window's, else a terminal's.
    fn of(buffer: &Buffer) -> Self {
        match buffer.content.last() {
            Some(cell) if cell.bg != Color::Reset => Self {
                text: rgb(cell.fg, TEXT),
                ground: rgb(cell.bg, GROUND),
            },
            _ => Self {
                text: TEXT,
                ground: GROUND,
            },
        }
    }
}

/// How a piece of text looks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    text: Rgb,
    ground: Rgb,
    bold: bool,
}

impl Look {
    fn of(cell: &Cell, canvas: Canvas) -> Self {
        let mut text = rgb(cell.fg, canvas.text);
        let mut ground = rgb(cell.bg, canvas.ground);
        if cell.modifier.contains(Modifier::DIM) {
            text = mix(text, ground, 0.46);
        }
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut text, &mut ground);
        }
        Self {
            text,
            ground,
            bold: cell.modifier.contains(Modifier::BOLD),
        }
    }
}

/// Draws a window with these cells in it.
pub fn draw(title: &str, buffer: &Buffer) -> String {
    let canvas = Canvas::of(buffer);
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let width = f32::from(columns) * WIDTH + 2.0 * EDGE;
    let height = f32::from(rows) * HEIGHT + BAR + EDGE;
    let mut grounds = String::new();
    let mut texts = String::new();
    let mut shapes: BTreeMap<Rgb, Shapes> = BTreeMap::new();
    for y in 0..rows {
        let mut row = Row::default();
        let mut x = 0;
        while x < columns {
            let cell = &buffer[(x, y)];
            let look = Look::of(cell, canvas);
            // A wide character covers the cell behind it.
            let cells = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1);
            row.ground(x, cells, look, canvas);
            if shapes
                .entry(look.text)
                .or_default()
                .add(cell.symbol(), x, y)
            {
                row.end();
            } else {
                row.text(x, cells, look, cell.symbol());
            }
            x += u16::try_from(cells).unwrap_or(1);
        }
        row.write(y, canvas, &mut grounds, &mut texts);
    }
    let mut lines = String::new();
    for (colour, shapes) in shapes {
        shapes.write(colour, &mut lines);
    }
    let (ground, text) = (hex(canvas.ground), hex(canvas.text));
    let faint = hex(mix(canvas.text, canvas.ground, 0.5));
    let edge = hex(mix(canvas.text, canvas.ground, 0.8));
    let middle = number(width / 2.0);
    let dots: String = [PALETTE[1], PALETTE[3], PALETTE[2]]
        .into_iter()
        .zip([20.0, 40.0, 60.0])
        .map(|(colour, x)| {
            let fill = hex(colour);
            format!(
                "<circle cx=\"{}\" cy=\"18\" r=\"6\" fill=\"{fill}\"/>",
                number(x)
            )
        })
        .collect();
    let (w, h) = (number(width), number(height));
    let (inner_w, inner_h) = (number(width - 1.0), number(height - 1.0));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\">\n\
         <title>{title}</title>\n\
         <rect x=\".5\" y=\".5\" width=\"{inner_w}\" height=\"{inner_h}\" rx=\"10\" fill=\"{ground}\" stroke=\"{edge}\"/>\n\
         {dots}\n\
         <g font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace\" font-size=\"{size}\" fill=\"{text}\">\n\
         <text x=\"{middle}\" y=\"22.5\" text-anchor=\"middle\" font-size=\"12\" fill=\"{faint}\">orgward</text>\n\
         <g transform=\"translate({left} {top})\" xml:space=\"preserve\">\n\
         {grounds}{lines}{texts}</g>\n</g>\n</svg>\n",
        title = escaped(title),
        size = number(FONT),
        left = number(EDGE),
        top = number(BAR),
    )
}

/// The text and the coloured ground of one row, in pieces that look alike.
#[derive(Default)]
struct Row {
    pieces: Vec<Piece>,
    open: bool,
    grounds: Vec<(u16, usize, Rgb)>,
}

struct Piece {
    x: u16,
    cells: usize,
    look: Look,
    text: String,
}

impl Row {
    fn ground(&mut self, x: u16, cells: usize, look: Look, canvas: Canvas) {
        if look.ground == canvas.ground {
            return;
        }
        match self.grounds.last_mut() {
            Some((start, length, colour))
                if *colour == look.ground && usize::from(*start) + *length == usize::from(x) =>
            {
                *length += cells;
            }
            _ => self.grounds.push((x, cells, look.ground)),
        }
    }

    /// What follows begins a piece of its own.
    fn end(&mut self) {
        self.open = false;
    }

    fn text(&mut self, x: u16, cells: usize, look: Look, symbol: &str) {
        let blank = symbol.trim().is_empty();
        match self.pieces.last_mut() {
            Some(piece) if self.open && (piece.look == look || blank) => {
                // Two blanks end a piece, so that columns stand where they
                // belong whatever the font's width.
                if blank && piece.text.ends_with(' ') {
                    self.open = false;
                } else {
                    piece.text.push_str(symbol);
                    piece.cells += cells;
                }
            }
            _ if blank => self.open = false,
            _ => {
                self.pieces.push(Piece {
                    x,
                    cells,
                    look,
                    text: symbol.to_owned(),
                });
                self.open = true;
            }
        }
    }

    fn write(self, y: u16, canvas: Canvas, grounds: &mut String, texts: &mut String) {
        let top = f32::from(y) * HEIGHT;
        for (x, cells, colour) in self.grounds {
            let _ = writeln!(
                grounds,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
                number(f32::from(x) * WIDTH),
                number(top),
                number(across(cells)),
                number(HEIGHT),
                hex(colour)
            );
        }
        for piece in self.pieces {
            let text = piece.text.trim_end();
            let cells = piece.cells - (piece.text.len() - text.len());
            let fill = match piece.look.text {
                colour if colour == canvas.text => String::new(),
                colour => format!(" fill=\"{}\"", hex(colour)),
            };
            let weight = if piece.look.bold {
                " font-weight=\"700\""
            } else {
                ""
            };
            let length = if cells > 1 {
                format!(" textLength=\"{}\"", number(across(cells)))
            } else {
                String::new()
            };
            let _ = writeln!(
                texts,
                "<text x=\"{}\" y=\"{}\"{length}{fill}{weight}>{}</text>",
                number(f32::from(piece.x) * WIDTH),
                number(top + BASE),
                escaped(text)
            );
        }
    }
}

fn across(cells: usize) -> f32 {
    f32::from(u16::try_from(cells).unwrap_or(u16::MAX)) * WIDTH
}

/// Lines and boxes of one colour.
#[derive(Default)]
struct Shapes {
    lines: String,
    boxes: String,
    /// The horizontal line that is being drawn: its row, start and end.
    rule: Option<(u16, u16, u16)>,
    /// Likewise for a row of full blocks, and for a thick line.
    block: Option<(u16, u16, u16)>,
    thick: Option<(u16, u16, u16)>,
}

impl Shapes {
    /// Takes a character that is drawn; false for one that is text.
    fn add(&mut self, symbol: &str, x: u16, y: u16) -> bool {
        let (left, top) = (f32::from(x) * WIDTH, f32::from(y) * HEIGHT);
        let (middle, centre) = (left + WIDTH / 2.0, top + HEIGHT / 2.0);
        let (right, bottom) = (left + WIDTH, top + HEIGHT);
        // From the middle of a side around the corner to the middle of another.
        let mut corner = |from_y: f32, to_x: f32| {
            let down = if from_y > centre { 4.0 } else { -4.0 };
            let along = if to_x > middle { 4.2 } else { -4.2 };
            let _ = write!(
                self.lines,
                "M{} {}V{}q0 {} {} {}H{}",
                number(middle),
                number(from_y),
                number(centre + down),
                number(-down),
                number(along),
                number(-down),
                number(to_x)
            );
        };
        match symbol {
            "─" => continued(&mut self.rule, x, y, |done| {
                rule(&mut self.lines, done);
            }),
            "█" => continued(&mut self.block, x, y, |done| {
                block(&mut self.boxes, done);
            }),
            "━" => continued(&mut self.thick, x, y, |done| {
                thick(&mut self.boxes, done);
            }),
            "┃" => {
                let _ = write!(
                    self.boxes,
                    "M{} {}h2.4v{}h-2.4z",
                    number(middle - 1.2),
                    number(top),
                    number(HEIGHT)
                );
            }
            "│" => {
                let _ = write!(
                    self.lines,
                    "M{} {}V{}",
                    number(middle),
                    number(top),
                    number(bottom)
                );
            }
            "╭" => corner(bottom, right),
            "╮" => corner(bottom, left),
            "╰" => corner(top, right),
            "╯" => corner(top, left),
            // The eighth of a cell at its right or left side.
            "▕" => bar(&mut self.boxes, right - WIDTH / 8.0, top),
            "▏" => bar(&mut self.boxes, left, top),
            _ => return false,
        }
        true
    }

    fn write(mut self, colour: Rgb, out: &mut String) {
        if let Some(done) = self.rule.take() {
            rule(&mut self.lines, done);
        }
        if let Some(done) = self.block.take() {
            block(&mut self.boxes, done);
        }
        if let Some(done) = self.thick.take() {
            thick(&mut self.boxes, done);
        }
        let colour = hex(colour);
        if !self.lines.is_empty() {
            let lines = self.lines;
            let _ = writeln!(
                out,
                "<path d=\"{lines}\" fill=\"none\" stroke=\"{colour}\"/>"
            );
        }
        if !self.boxes.is_empty() {
            let boxes = self.boxes;
            let _ = writeln!(out, "<path d=\"{boxes}\" fill=\"{colour}\"/>");
        }
    }
}

/// Makes a run of equal characters longer, or ends it and begins the next.
fn continued(
    run: &mut Option<(u16, u16, u16)>,
    x: u16,
    y: u16,
    mut end: impl FnMut((u16, u16, u16)),
) {
    match run {
        Some((row, _, to)) if *row == y && *to == x => *to += 1,
        _ => {
            if let Some(done) = run.replace((y, x, x + 1)) {
                end(done);
            }
        }
    }
}

fn rule(lines: &mut String, (y, from, to): (u16, u16, u16)) {
    let _ = write!(
        lines,
        "M{} {}H{}",
        number(f32::from(from) * WIDTH),
        number(f32::from(y) * HEIGHT + HEIGHT / 2.0),
        number(f32::from(to) * WIDTH)
    );
}

fn block(boxes: &mut String, (y, from, to): (u16, u16, u16)) {
    let _ = write!(
        boxes,
        "M{} {}h{}v{}h{}z",
        number(f32::from(from) * WIDTH),
        number(f32::from(y) * HEIGHT + 5.0),
        number(f32::from(to - from) * WIDTH),
        number(HEIGHT - 10.0),
        number(-f32::from(to - from) * WIDTH)
    );
}

fn thick(boxes: &mut String, (y, from, to): (u16, u16, u16)) {
    let _ = write!(
        boxes,
        "M{} {}h{}v3h{}z",
        number(f32::from(from) * WIDTH),
        number(f32::from(y) * HEIGHT + HEIGHT / 2.0 - 1.5),
        number(f32::from(to - from) * WIDTH),
        number(-f32::from(to - from) * WIDTH)
    );
}

fn bar(boxes: &mut String, x: f32, top: f32) {
    let _ = write!(
        boxes,
        "M{} {}h{}v{}h{}z",
        number(x),
        number(top + 3.0),
        number(WIDTH / 8.0),
        number(HEIGHT - 6.0),
        number(-WIDTH / 8.0)
    );
}

fn rgb(colour: Color, reset: Rgb) -> Rgb {
    match colour {
        Color::Black => PALETTE[0],
        Color::Red => PALETTE[1],
        Color::Green => PALETTE[2],
        Color::Yellow => PALETTE[3],
        Color::Blue => PALETTE[4],
        Color::Magenta => PALETTE[5],
        Color::Cyan => PALETTE[6],
        Color::Gray => PALETTE[7],
        Color::DarkGray => PALETTE[8],
        Color::LightRed => PALETTE[9],
        Color::LightGreen => PALETTE[10],
        Color::LightYellow => PALETTE[11],
        Color::LightBlue => PALETTE[12],
        Color::LightMagenta => PALETTE[13],
        Color::LightCyan => PALETTE[14],
        Color::White => PALETTE[15],
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Indexed(n) => PALETTE[usize::from(n) % PALETTE.len()],
        Color::Reset => reset,
    }
}

fn mix(from: Rgb, to: Rgb, share: f32) -> Rgb {
    std::array::from_fn(|at| {
        let (a, b) = (f32::from(from[at]), f32::from(to[at]));
        // In range, since both are.
        (a + (b - a) * share).round() as u8
    })
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// A length with at most one place behind the point.
fn number(length: f32) -> String {
    let text = format!("{length:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
