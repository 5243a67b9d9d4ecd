package shop.users;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MigrationsTest {
    @Test
    void everyMigrationThatIsThereIsListedInOrder() throws Exception {
        try (Stream<Path> files = Files.list(Path.of(Migrations.class.getResource("/migrations").toURI()))) {
            assertEquals(files.map(file -> file.getFileName().toString()).sorted().toList(), Migrations.ALL);
        }
        Migrations.ALL.forEach(name -> assertFalse(Migrations.read(name).isBlank()));
    }
}
