//! Shows what is understood of the commands given as arguments.

use palisade_shell::{Context, analyse};
use palisade_testkit::judged::{HOME, Setting, judged};

fn main() {
    let setting = Setting::default();
    for text in std::env::args().skip(1) {
        let context = Context {
            cwd: setting.cwd.clone(),
            home: HOME.to_owned(),
            classify: palisade_guards::classify(),
            ..Context::default()
        };
        let analysis = analyse(&text, &context);
        println!("{text}");
        for (at, command) in analysis.commands.iter().enumerate() {
            println!(
                "  {at} {:?} {:?} via `{}` of {:?}",
                command.program, command.arguments, command.via, command.parent
            );
        }
        for effect in &analysis.effects {
            println!("    {:?} {:?} {:?}", effect.command, effect.kind, effect.labels);
        }
        let decision = judged(&text, &setting);
        println!("  {} {:?}", decision.verdict().word(), decision.rules());
    }
}
