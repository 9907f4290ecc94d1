ALTER TABLE "key" ADD COLUMN "custody" text COLLATE "C";
