//! Bounds.

use crate::house::{House, native};

#[test]
fn time_output_processes_and_memory_are_bounded() {
    if !native("time_output_processes_and_memory_are_bounded") {
        return;
    }
    let house = House::new();
    let said = house.with(&["--wall", "300"], "sleep 20");
    assert!(said.code != 0 && said.err.contains("time limit"), "{}", said.err);
    let said = house.with(&["--output", "1000"], "yes");
    assert!(said.out.len() <= 1000 && said.err.contains("output limit"), "{}", said.err);
    let bomb = "import os,signal\nk=[]\ntry:\n  for i in range(600):\n    p=os.fork()\n    if p==0: signal.pause()\n    k.append(p)\n  print('ALL')\nexcept OSError: pass\nfor p in k: os.kill(p,9)";
    house.write("bomb.py", bomb);
    assert!(!house.run("python3 bomb.py").out.contains("ALL"));
    house.write("eat.py", "b=[]\nfor i in range(40): b.append(bytearray(b'x')*(8<<20))\nimport time\ntime.sleep(1)\nprint('ALL')");
    let said = house.with(&["--memory", "100000000"], "python3 eat.py");
    if said.code == 125 {
        assert!(
            said.err.contains("limits"),
            "a required bound that cannot be held is refused in words: {}",
            said.err
        );
    } else {
        assert!(!said.out.contains("ALL") && said.err.contains("memory limit"), "{}", said.err);
    }
}

#[test]
fn temporary_directories_are_private_and_sized() {
    if !native("temporary_directories_are_private_and_sized") {
        return;
    }
    let house = House::new();
    let said = house
        .run("echo x > /tmp/palisade-leak; echo x > /dev/shm/palisade-leak; df -m /tmp | tail -1");
    assert!(said.out.contains(" 256 "), "{}", said.out);
    assert!(!std::path::Path::new("/tmp/palisade-leak").exists());
    assert!(!std::path::Path::new("/dev/shm/palisade-leak").exists());
    assert_ne!(house.run("head -c 300000000 /dev/zero > /tmp/big").code, 0);
}
