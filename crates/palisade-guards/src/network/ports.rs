//! Ports that no page lies behind.

/// Ports of services that are not the web, in order: those that the Fetch
/// standard blocks, and databases, caches, brokers, remote shells and
/// container daemons, to which a request could be a command.
static CLOSED: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179,
    389, 427, 445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 593,
    601, 623, 636, 873, 989, 990, 992, 993, 995, 1433, 1434, 1521, 1719, 1720, 1723, 2049, 2181,
    2375, 2376, 2379, 2380, 3268, 3269, 3306, 3389, 3632, 3659, 4045, 4190, 4369, 5060, 5061, 5432,
    5433, 5555, 5671, 5672, 5900, 5901, 5985, 5986, 6000, 6379, 6380, 6566, 6665, 6666, 6667, 6668,
    6669, 6679, 6697, 9042, 9092, 9100, 10080, 10250, 10255, 11211, 27017, 27018, 27019,
];

/// Whether `port` belongs to a service that is not the web.
pub(super) fn closed(port: u16) -> bool {
    CLOSED.binary_search(&port).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_spares_web_servers() {
        assert!(CLOSED.windows(2).all(|pair| pair[0] < pair[1]));
        for port in [
            80, 81, 443, 591, 1313, 3000, 3001, 4000, 4200, 4321, 5000, 5173, 5174, 6006, 7000,
            7860, 8000, 8008, 8080, 8081, 8443, 8501, 8787, 8888, 9000, 9090, 9443, 10000,
        ] {
            assert!(!closed(port), "{port}");
        }
    }
}
