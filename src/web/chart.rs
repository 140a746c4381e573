//! The chart of the last ten minutes, drawn as SVG: requests a second, and below the hit ratio.

use super::shell::{Language, escape, put};
use super::units;
use crate::meters::{PAST_MAX, Rate, SAMPLE_EVERY};

/// A curve in its own units, which the page stretches: a second is one across.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 100.0;

/// Draws it; words in place of it while there is nothing to draw.
pub(super) fn chart(rates: &[Rate], language: Language) -> String {
    let Some(now) = rates.last() else {
        let words = language.pick(
            "The chart begins a second after the start.",
            "启动一秒后开始绘制图表。",
        );
        return format!("<p class=\"soft\">{words}</p>");
    };
    let most = rates.iter().map(|rate| rate.requests).fold(0.0, f64::max);
    let ceiling = ceiling(most);
    let share = now.hit_ratio.map_or("-".to_owned(), units::percent);
    let (requests, hits) =
        language.pick(("Requests a second", "Hit ratio"), ("每秒请求数", "命中率"));
    let mut figures = String::new();
    figure(
        &mut figures,
        ("requests", requests),
        (
            &units::three_digits(now.requests),
            &units::three_digits(ceiling),
        ),
        &line(rates, |rate| Some(rate.requests / ceiling)),
        language,
    );
    figure(
        &mut figures,
        ("hits", hits),
        (&share, "100 %"),
        &line(rates, |rate| rate.hit_ratio),
        language,
    );
    figures
}

/// One curve with its title, the value now, and what its top means.
fn figure(
    page: &mut String,
    (class, title): (&str, &str),
    (now, top): (&str, &str),
    path: &str,
    language: Language,
) {
    let (before, present) = language.pick(("10 min ago", "now"), ("10 分钟前", "现在"));
    let summary = match language {
        Language::English => {
            format!("{title} over the last 10 minutes, from 0 to {top}: now {now}")
        }
        Language::Chinese => format!("最近 10 分钟的{title}，刻度 0 至 {top}：当前 {now}"),
    };
    put(
        page,
        format_args!(
            "<figure class=\"chart {class}\"><figcaption>{title} <b>{now}</b></figcaption>\
             <div class=\"plot\"><span>{top}</span>\
             <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">\
             <path class=\"grid\" d=\"M0 0H{WIDTH}M0 {HEIGHT}H{WIDTH}\"/><path d=\"{path}\"/></svg></div>\
             <p><span>{before}</span><span>{present}</span></p></figure>",
            escape(&summary)
        ),
    );
}

/// A curve through all values from 0 to 1, interrupted where there is none.
fn line(rates: &[Rate], value: impl Fn(&Rate) -> Option<f64>) -> String {
    let whole = SAMPLE_EVERY.as_secs_f64() * (PAST_MAX - 1) as f64;
    let mut path = String::new();
    let mut is_drawing = false;
    for rate in rates {
        let Some(value) = value(rate) else {
            is_drawing = false;
            continue;
        };
        let x = WIDTH - (rate.ago.as_secs_f64() / whole).min(1.0) * WIDTH;
        let y = HEIGHT - value * HEIGHT;
        // A line of no length has round ends: a lonely value is a dot.
        let step = match is_drawing {
            true => format!("L{x:.1} {y:.1}"),
            false => format!("M{x:.1} {y:.1}h0"),
        };
        path.push_str(&step);
        is_drawing = true;
    }
    path
}

/// The next of 1, 2, 5, 10, 20 and so on.
fn ceiling(most: f64) -> f64 {
    let mut power = 1.0;
    while 10.0 * power < most {
        power *= 10.0;
    }
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| most <= *step).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::super::watch::tests::status;
    use super::*;

    #[test]
    fn the_scale_is_round() {
        for (most, expected) in [
            (0.0, 1.0),
            (1.5, 2.0),
            (40.0, 50.0),
            (50.0, 50.0),
            (1234.0, 2000.0),
        ] {
            assert_eq!(ceiling(most), expected, "{most}");
        }
    }

    #[test]
    fn values_are_where_they_belong_and_gaps_are_gaps() {
        let rates = status(None).rates;
        let svg = chart(&rates, Language::English);
        // 2, 0 and 40 of 50 requests; half of the first were hits, all of the last, and between there were none.
        for part in [
            "d=\"M590.0 96.0h0L595.0 100.0L600.0 20.0\"",
            "d=\"M590.0 50.0h0M600.0 0.0h0\"",
            "Requests a second over the last 10 minutes, from 0 to 50: now 40",
            "Hit ratio <b>100.0 %</b>",
        ] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
        assert!(!chart(&[], Language::English).contains("<svg"));
    }
}
